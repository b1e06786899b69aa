//! What is refused, and in which words.

use super::*;

#[tokio::test]
async fn what_the_card_denies_is_refused() {
    let world = Rc::new(World::default());
    let mut card = puppet_card();
    card.capabilities.push_notifications = Some(false);
    card.capabilities.streaming = Some(false);
    card.capabilities.extensions[0].required = true;
    *world.card.borrow_mut() = Some(card);
    for name in ["set", "get", "list", "delete"] {
        let method = format!("tasks/pushNotificationConfig/{name}");
        let params = json!({"id": "no", "taskId": "no", "pushNotificationConfig": {}});
        let answer = old_rpc(&world, &method, params).await;
        assert_eq!(answer["error"]["code"], -32003, "{name}");
    }
    let stream = json!({"message": old_message("m1", "x")});
    for method in ["message/stream", "tasks/resubscribe"] {
        let events = ask(&world, call(method, &stream)).await.events();
        assert_eq!(events[0].1["error"]["code"], -32004, "{method}");
    }
    // 0.3 has no code for a missing extension, and another name for the header.
    let refused = old_rpc(&world, "message/send", stream.clone()).await;
    assert_eq!(refused["error"]["code"], -32603);
    assert_eq!(
        refused["error"]["data"]["reason"],
        "EXTENSION_SUPPORT_REQUIRED"
    );
    let mut request = call("message/send", &stream);
    let named = "urn:other, urn:optional".parse().unwrap();
    request.headers_mut().insert("x-a2a-extensions", named);
    let sent = ask(&world, request).await.json();
    assert_eq!(sent["result"]["status"]["state"], "completed");
}

#[tokio::test]
async fn invalid_params_are_invalid_params() {
    let world = Rc::new(World::default());
    let sent = |field: &str, value: Value| {
        let mut message = old_message("m1", "x");
        message[field] = value;
        json!({ "message": message })
    };
    for (method, params) in [
        ("tasks/get", json!("invalid")),
        ("tasks/get", json!([1])),
        ("tasks/get", json!({})),
        ("tasks/get", json!({"id": 7})),
        ("tasks/get", json!(null)),
        ("message/send", json!({})),
        ("message/send", json!({"message": "x"})),
        ("message/send", sent("messageId", json!(null))),
        ("message/send", sent("role", json!(null))),
        ("message/send", sent("role", json!("admin"))),
        ("message/send", sent("kind", json!("task"))),
        ("message/send", sent("parts", json!([]))),
        (
            "message/send",
            sent("parts", json!([{"type": "unsupported_type", "text": "x"}])),
        ),
        (
            "message/send",
            sent("parts", json!([{"kind": "video", "video": {}}])),
        ),
        (
            "message/send",
            sent("parts", json!([{"kind": "file", "file": {"bytes": "%"}}])),
        ),
        (
            "message/send",
            json!({"message": old_message("m1", "x"), "configuration": {"historyLength": -1}}),
        ),
    ] {
        let answer = old_rpc(&world, method, params.clone()).await;
        assert_eq!(
            answer["error"]["code"], -32602,
            "{method} {params}: {answer}"
        );
        assert!(answer["error"]["data"].is_object(), "{answer}");
        assert_eq!(answer["id"], "i");
    }
    // The envelope is JSON-RPC's, whatever the version.
    for (body, code) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tasks/list","params":{}}"#,
            -32601,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"message/none","params":3}"#,
            -32601,
        ),
        (r#"{"jsonrpc":"1.0","id":1,"method":"tasks/get"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tasks/get""#, -32700),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":"invalid"}"#,
            -32600,
        ),
    ] {
        let got = ask(&world, old(post("/", body))).await.json();
        assert_eq!(got["error"]["code"], code, "{body}");
    }
}

#[tokio::test]
async fn each_version_has_its_own_methods() {
    let world = Rc::new(World::default());
    for (version, method, code) in [
        ("", "tasks/get", -32001),
        ("0.3", "tasks/get", -32001),
        ("0.3.0", "tasks/get", -32001),
        ("1.0", "tasks/get", -32603),
        ("0.2", "tasks/get", -32603),
        ("", "GetTask", -32009),
        ("0.3", "GetTask", -32009),
        ("1.0", "GetTask", -32001),
    ] {
        let mut request = call(method, &json!({"id": "none"}));
        let header = version.parse().unwrap();
        request.headers_mut().insert("a2a-version", header);
        let got = ask(&world, request).await;
        assert_eq!(got.status, 200);
        let error = got.json()["error"].clone();
        assert_eq!(error["code"], code, "{version} {method}");
        if code != -32001 {
            assert!(
                error.to_string().contains("VERSION_NOT_SUPPORTED"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn the_extended_card_is_one_of_0_3() {
    let world = Rc::new(World::default());
    let mut card = puppet_card();
    card.capabilities.extended_agent_card = Some(true);
    card.security_schemes = json!({"key": {"httpAuthSecurityScheme": {"scheme": "Bearer"}}})
        .as_object()
        .unwrap()
        .clone();
    *world.card.borrow_mut() = Some(card.clone());
    let method = "agent/getAuthenticatedExtendedCard";
    let refused = ask(&world, call(method, &Value::Null)).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    *world.caller.borrow_mut() = Some(Caller {
        issuer: "test".to_owned(),
        subject: "friend".to_owned(),
        email: None,
        scopes: Vec::new(),
    });
    let none = old_rpc(&world, method, json!({})).await;
    assert_eq!(none["error"]["code"], -32007);
    *world.extended_card.borrow_mut() = Some(card);
    let card = old_rpc(&world, method, json!(null)).await["result"].clone();
    assert_eq!(card["protocolVersion"], "0.3.0");
    assert_eq!(card["url"], "http://agent.test/");
    assert_eq!(card["preferredTransport"], "JSONRPC");
    assert_eq!(card["supportsAuthenticatedExtendedCard"], true);
    let bearer = json!({"key": {"type": "http", "scheme": "Bearer"}});
    assert_eq!(card["securitySchemes"], bearer);
}
