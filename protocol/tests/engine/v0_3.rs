//! Version 0.3 over JSON-RPC, at the URL of 1.0.

use std::rc::Rc;

use attache_protocol::Platform as _;
use attache_protocol::wire::{Content, Part};
use serde_json::json;

use super::*;

/// A request of a client that has not heard of versions.
pub fn old(request: Request<Vec<u8>>) -> Request<Vec<u8>> {
    let mut request = request;
    request.headers_mut().remove("a2a-version");
    request
}

fn call(method: &str, params: &Value) -> Request<Vec<u8>> {
    let body = json!({"jsonrpc": "2.0", "id": "i", "method": method, "params": params});
    old(post("/", body.to_string()))
}

async fn old_rpc(world: &Rc<World>, method: &str, params: Value) -> Value {
    ask(world, call(method, &params)).await.json()
}

fn old_message(id: &str, text: &str) -> Value {
    json!({
        "kind": "message", "messageId": id, "role": "user",
        "parts": [{"kind": "text", "text": text}],
    })
}

async fn old_send(world: &Rc<World>, id: &str, text: &str) -> Value {
    let params = json!({"message": old_message(id, text)});
    old_rpc(world, "message/send", params).await["result"].clone()
}

#[tokio::test]
async fn a_message_is_answered_with_a_bare_task() {
    let world = Rc::new(World::default());
    let answer = old_rpc(
        &world,
        "message/send",
        json!({"message": old_message("m1", "hi")}),
    )
    .await;
    assert_eq!(
        (&answer["jsonrpc"], &answer["id"]),
        (&json!("2.0"), &json!("i"))
    );
    let mut task = answer["result"].clone();
    let (id, context) = (task["id"].clone(), task["contextId"].clone());
    assert!(
        task["status"]["timestamp"]
            .as_str()
            .is_some_and(|t| t.ends_with('Z'))
    );
    task["status"].as_object_mut().unwrap().remove("timestamp");
    let expected = json!({
        "kind": "task", "id": id, "contextId": context,
        "status": {"state": "completed"},
        "artifacts": [{"artifactId": "echo", "parts": [{"kind": "text", "text": "hi"}]}],
        "history": [{
            "kind": "message", "messageId": "m1", "contextId": context, "taskId": id,
            "role": "user", "parts": [{"kind": "text", "text": "hi"}],
        }],
    });
    assert_eq!(task, expected);
}

#[tokio::test]
async fn a_direct_answer_is_a_bare_message() {
    let world = Rc::new(World::default());
    let answer = old_send(&world, "m1", "reply").await;
    assert_eq!(answer["kind"], "message");
    assert_eq!(answer["role"], "agent");
    assert_eq!(
        answer["parts"],
        json!([{"kind": "text", "text": "directly"}])
    );
    assert!(answer.get("message").is_none());
}

#[tokio::test]
async fn a_task_goes_on_in_the_other_version() {
    let world = Rc::new(World::default());
    // Begun with 0.3, read and answered with 1.0.
    let task = old_send(&world, "m1", "ask").await;
    assert_eq!(task["status"]["state"], "input-required");
    let read = rpc(&world, "GetTask", json!({"id": task["id"]})).await["result"].clone();
    assert_eq!(read["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
    assert_eq!(read["history"][0]["parts"], json!([{"text": "ask"}]));
    let mut more = message("m2", "x");
    more["taskId"] = task["id"].clone();
    let done = rpc(&world, "SendMessage", json!({ "message": more })).await;
    assert_eq!(
        done["result"]["task"]["status"]["state"],
        "TASK_STATE_COMPLETED"
    );
    let read = old_rpc(&world, "tasks/get", json!({"id": task["id"]})).await["result"].clone();
    assert_eq!(read["kind"], "task");
    assert_eq!(read["status"]["state"], "completed");
    let roles: Vec<_> = read["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["role"])
        .collect();
    assert_eq!(roles, ["user", "agent", "user"]);

    // Begun with 1.0, read, answered and listed the other way round.
    let task = send(&world, "m3", "ask").await;
    let read = old_rpc(&world, "tasks/get", json!({"id": task["id"]})).await["result"].clone();
    assert_eq!(
        read["status"]["message"]["parts"],
        json!([{"kind": "text", "text": "what?"}])
    );
    let mut more = old_message("m4", "x");
    more["taskId"] = task["id"].clone();
    more["contextId"] = task["contextId"].clone();
    let done = old_rpc(&world, "message/send", json!({ "message": more })).await;
    assert_eq!(done["result"]["status"]["state"], "completed");
    let listed = rpc(&world, "ListTasks", json!({})).await;
    assert_eq!(listed["result"]["totalSize"], 2);
}

#[tokio::test]
async fn the_same_message_in_both_versions_is_one_task() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "x").await;
    let again = old_send(&world, "m1", "x").await;
    assert_eq!(task["id"], again["id"]);
}

#[tokio::test]
async fn parts_of_every_kind_reach_the_agent() {
    let world = Rc::new(World::default());
    let parts = json!([
        {"kind": "text", "text": "x", "metadata": {"a": 1}},
        {"kind": "file", "file": {"bytes": "dGNr", "mimeType": "text/plain", "name": "a.txt"}},
        {"kind": "file", "file": {"uri": "https://example.com/a"}},
        {"kind": "data", "data": {"n": 42}},
        {"kind": "data", "data": {"value": [1, null]}, "metadata": {"data_part_compat": true}},
    ]);
    let mut sent = old_message("m1", "x");
    sent["parts"] = parts.clone();
    let task = old_rpc(&world, "message/send", json!({ "message": sent })).await["result"].clone();
    assert_eq!(task["history"][0]["parts"], parts);
    let read = rpc(&world, "GetTask", json!({"id": task["id"]})).await["result"].clone();
    let read: Vec<Part> = serde_json::from_value(read["history"][0]["parts"].clone()).unwrap();
    assert_eq!(
        read[1],
        Part::raw("tck", "text/plain").with_filename("a.txt")
    );
    assert_eq!(read[2], Part::url("https://example.com/a"));
    assert_eq!(read[3].content, Content::Data(json!({"n": 42})));
    assert_eq!(read[4], Part::new(Content::Data(json!([1, null]))));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_want_to_wait_says_so() {
    let world = Rc::new(World::default());
    let sent = async |id: &str, configuration: Value| {
        let params = json!({"message": old_message(id, "work"), "configuration": configuration});
        old_rpc(&world, "message/send", params).await["result"]["status"]["state"].clone()
    };
    assert_eq!(sent("m1", json!({})).await, "completed");
    assert_eq!(sent("m2", json!({"blocking": true})).await, "completed");
    assert_eq!(sent("m3", json!({"blocking": false})).await, "submitted");
}

#[tokio::test]
async fn no_messages_of_history_means_all_of_them() {
    let world = Rc::new(World::default());
    let task = old_send(&world, "m1", "ask").await;
    let mut more = old_message("m2", "ask");
    more["taskId"] = task["id"].clone();
    let params = json!({"message": more, "configuration": {"historyLength": 0}});
    let task = old_rpc(&world, "message/send", params).await["result"].clone();
    assert_eq!(task["history"].as_array().map(Vec::len), Some(3));
    for (length, expected) in [
        (json!(null), 3),
        (json!(0), 3),
        (json!(1), 1),
        (json!(9), 3),
    ] {
        let params = json!({"id": task["id"], "historyLength": length});
        let got = old_rpc(&world, "tasks/get", params).await;
        let count = got["result"]["history"].as_array().map(Vec::len);
        assert_eq!(count, Some(expected), "{length}");
    }
    let params = json!({"id": task["id"], "historyLength": -1});
    assert_eq!(
        old_rpc(&world, "tasks/get", params).await["error"]["code"],
        -32602
    );
}

fn results(got: &Got) -> Vec<Value> {
    let events = got.events().into_iter();
    events
        .map(|(_, event)| {
            assert_eq!(
                (&event["id"], &event["jsonrpc"]),
                (&json!("i"), &json!("2.0"))
            );
            event["result"].clone()
        })
        .collect()
}

fn summary(events: &[Value]) -> Vec<String> {
    let name = |event: &Value| match event["kind"].as_str().unwrap() {
        "status-update" if event["final"] == true => format!("final {}", event["status"]["state"]),
        "status-update" => format!("{}", event["status"]["state"]),
        kind => kind.to_owned(),
    };
    events.iter().map(|e| name(e).replace('"', "")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_a_final_event() {
    let world = Rc::new(World::default());
    let stream = async |id: &str, text: &str| {
        let params = json!({"message": old_message(id, text)});
        ask(&world, call("message/stream", &params)).await
    };
    let got = stream("m1", "pieces").await;
    assert_eq!(got.headers["content-type"], "text/event-stream");
    let numbers: Vec<_> = got
        .events()
        .iter()
        .map(|(number, _)| number.unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let events = results(&got);
    let artifact = "artifact-update";
    assert_eq!(
        summary(&events),
        [
            "task",
            "working",
            artifact,
            artifact,
            artifact,
            "final completed"
        ]
    );
    assert_eq!(
        (&events[2]["append"], &events[2]["lastChunk"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        (&events[4]["append"], &events[4]["lastChunk"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        events[4]["artifact"]["parts"],
        json!([{"kind": "text", "text": "2"}])
    );
    let ids = |e: &Value| (e["taskId"].clone(), e["contextId"].clone());
    let task = (events[0]["id"].clone(), events[0]["contextId"].clone());
    assert!(events[1..].iter().all(|event| ids(event) == task));

    let events = results(&stream("m2", "ask").await);
    assert_eq!(summary(&events), ["task", "final input-required"]);
    let events = results(&stream("m3", "fail").await);
    assert_eq!(summary(&events).last().unwrap(), "final failed");
    let events = results(&stream("m4", "reply").await);
    assert_eq!(summary(&events), ["message"]);
}

#[tokio::test(start_paused = true)]
async fn a_resubscription_goes_on_past_a_question() {
    let world = Rc::new(World::default());
    let task = old_send(&world, "m1", "ask").await;
    let send = |id: &str, text: &str| {
        let mut more = old_message(id, text);
        more["taskId"] = task["id"].clone();
        json!({ "message": more })
    };
    let subscribe = ask(
        &world,
        call("tasks/resubscribe", &json!({"id": task["id"]})),
    );
    let (got, ()) = futures_util::future::join(subscribe, async {
        old_rpc(&world, "message/send", send("m2", "ask")).await;
        old_rpc(&world, "message/send", send("m3", "x")).await;
    })
    .await;
    let events = summary(&results(&got));
    assert_eq!(events[0], "task");
    assert!(events.contains(&"input-required".to_owned()), "{events:?}");
    assert_eq!(events.last().unwrap(), "final completed");
    let finals = events.iter().filter(|e| e.starts_with("final")).count();
    assert_eq!(finals, 1, "{events:?}");
}

#[tokio::test]
async fn streams_that_cannot_begin_are_plain_errors() {
    let world = Rc::new(World::default());
    let done = old_send(&world, "m1", "x").await;
    for (method, params, code) in [
        ("tasks/resubscribe", json!({"id": "none"}), -32001),
        ("tasks/resubscribe", json!({}), -32602),
        ("tasks/resubscribe", json!({"id": done["id"]}), -32004),
        ("message/stream", json!({}), -32602),
    ] {
        let got = ask(&world, call(method, &params)).await;
        assert_eq!(got.headers["content-type"], "application/json");
        assert_eq!(got.json()["error"]["code"], code, "{method}");
    }
}

#[tokio::test]
async fn cancelling() {
    let world = Rc::new(World::default());
    let task = old_send(&world, "m1", "ask").await;
    let cancel = || old_rpc(&world, "tasks/cancel", json!({"id": task["id"]}));
    assert_eq!(cancel().await["result"]["status"]["state"], "canceled");
    assert_eq!(cancel().await["error"]["code"], -32002);
    let unknown = old_rpc(&world, "tasks/cancel", json!({"id": "none"})).await;
    assert_eq!(unknown["error"]["code"], -32001);
}

#[tokio::test]
async fn webhooks() {
    let world = Rc::new(World::default());
    let task = old_send(&world, "m1", "ask").await;
    let id = task["id"].as_str().unwrap();
    let on = |name: &str| format!("tasks/pushNotificationConfig/{name}");
    let none = old_rpc(&world, &on("get"), json!({"id": id})).await;
    assert_eq!(none["error"]["code"], -32001);
    let config = json!({"taskId": id, "pushNotificationConfig": {
        "id": "c2", "url": "https://example.com/hook", "token": "t",
        "authentication": {"schemes": ["Bearer"], "credentials": "abc"},
    }});
    let set = old_rpc(&world, &on("set"), config.clone()).await;
    assert_eq!(set["result"], config);
    let only = old_rpc(&world, &on("get"), json!({"id": id})).await;
    assert_eq!(only["result"], config);
    let unnamed = json!({"taskId": id, "pushNotificationConfig": {"url": "https://example.com"}});
    let unnamed = old_rpc(&world, &on("set"), unnamed).await["result"].clone();
    let given = unnamed["pushNotificationConfig"]["id"].as_str().unwrap();
    assert_eq!(given.len(), 36);
    let own = json!({"taskId": id, "pushNotificationConfig": {"id": id, "url": "https://a.b"}});
    old_rpc(&world, &on("set"), own.clone()).await;
    let default = old_rpc(&world, &on("get"), json!({"id": id})).await;
    assert_eq!(default["result"], own);
    let named = json!({"id": id, "pushNotificationConfigId": "c2"});
    let got = old_rpc(&world, &on("get"), named.clone()).await;
    assert_eq!(got["result"], config);
    let listed = old_rpc(&world, &on("list"), json!({"id": id})).await;
    assert_eq!(listed["result"].as_array().map(Vec::len), Some(3));
    assert!(listed["result"].as_array().unwrap().contains(&config));

    // Whoever sends notifications later has to know what they are told in.
    let stored = Memory::new(&world).log("").push_configs(id).unwrap();
    assert!(stored.iter().all(|config| config.protocol_version == "0.3"));
    let read = rpc(
        &world,
        "GetTaskPushNotificationConfig",
        json!({"taskId": id, "id": "c2"}),
    )
    .await;
    assert_eq!(read["result"]["authentication"]["scheme"], "Bearer");

    for _ in 0..2 {
        let deleted = old_rpc(&world, &on("delete"), named.clone()).await;
        assert_eq!(
            deleted,
            json!({"jsonrpc": "2.0", "id": "i", "result": null})
        );
    }
    let unknown = old_rpc(&world, &on("get"), named).await;
    assert_eq!(unknown["error"]["code"], -32001);
    for (name, params) in [
        ("set", json!({"taskId": id})),
        (
            "set",
            json!({"taskId": id, "pushNotificationConfig": {"url": "ftp://a"}}),
        ),
        ("get", json!({})),
        ("list", json!({"id": 7})),
        ("delete", json!({"id": id})),
    ] {
        let answer = old_rpc(&world, &on(name), params).await;
        assert_eq!(answer["error"]["code"], -32602, "{name}");
    }
}

#[tokio::test]
async fn a_webhook_may_come_with_the_message() {
    let world = Rc::new(World::default());
    let with = |push: Value| {
        json!({
            "message": old_message("m1", "ask"), "configuration": {"pushNotificationConfig": push},
        })
    };
    let scheme = json!({"url": "https://example.com", "authentication": {"credentials": "c"}});
    let answer = old_rpc(&world, "message/send", with(scheme)).await;
    assert_eq!(answer["error"]["code"], -32602);
    let violation = &answer["error"]["data"]["fieldViolations"][0];
    assert_eq!(
        violation["field"],
        "configuration.pushNotificationConfig.authentication.schemes"
    );
    let push = json!({"url": "https://example.com", "authentication": {"schemes": []}});
    let task = old_rpc(&world, "message/send", with(push)).await["result"].clone();
    let list = json!({"id": task["id"]});
    let listed = old_rpc(&world, "tasks/pushNotificationConfig/list", list).await;
    assert_eq!(listed["result"][0]["taskId"], task["id"]);
}

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
        let answer = old_rpc(&world, method, stream.clone()).await;
        assert_eq!(answer["error"]["code"], -32004, "{method}");
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
