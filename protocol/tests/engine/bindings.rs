use std::rc::Rc;

use serde_json::json;

use super::*;

#[tokio::test]
async fn json_rpc_says_what_is_wrong_with_the_envelope() {
    let world = Rc::new(World::default());
    for (body, code, id) in [
        ("{bad", -32700, json!(null)),
        ("", -32700, json!(null)),
        ("\u{0}", -32700, json!(null)),
        ("[]", -32600, json!(null)),
        ("3", -32600, json!(null)),
        (r#"{"id":2,"method":"GetTask"}"#, -32600, json!(2)),
        (
            r#"{"jsonrpc":"1.0","id":2,"method":"GetTask"}"#,
            -32600,
            json!(2),
        ),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"GetTask"}"#,
            -32600,
            json!(null),
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":5}"#,
            -32600,
            json!("a"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"GetTask","params":[]}"#,
            -32600,
            json!("a"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"Nope"}"#,
            -32601,
            json!("a"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"GetTask","params":{"id":5}}"#,
            -32602,
            json!("a"),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"GetTask","params":{"id":"x"}}"#,
            -32001,
            json!(null),
        ),
    ] {
        let got = ask(&world, post("/", body)).await;
        assert_eq!(got.status, 200, "{body}");
        let answer = got.json();
        assert_eq!(answer["error"]["code"], code, "{body}");
        assert_eq!(answer["id"], id, "{body}");
        let keys: Vec<_> = answer["error"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(keys, ["code", "message", "data"]);
    }
}

#[tokio::test]
async fn what_is_not_json_is_not_parsed() {
    let world = Rc::new(World::default());
    let mut request = post("/", "anything");
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let answer = ask(&world, request).await.json();
    assert_eq!(answer["error"]["code"], -32005);
    for media_type in [
        "application/json; charset=utf-8",
        "application/a2a+json",
        "application/json-rpc",
    ] {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"ListTasks"}"#;
        let mut request = post("/", body);
        request
            .headers_mut()
            .insert("content-type", media_type.parse().unwrap());
        assert_eq!(ask(&world, request).await.json()["result"]["totalSize"], 0);
    }
}

#[tokio::test]
async fn operations_of_1_0_need_its_version() {
    let world = Rc::new(World::default());
    for (version, ok) in [
        (Some("1.0"), true),
        (Some("1.0.7"), true),
        (Some(" 1.0 "), true),
        (Some("1.4"), false),
        (Some("99.0"), false),
        (Some("abc"), false),
        (Some("1.0.x"), false),
        (Some("1.0."), false),
        (Some(""), false),
        (None, false),
    ] {
        for rest in [false, true] {
            let body = r#"{"jsonrpc":"2.0","id":1,"method":"ListTasks"}"#;
            let mut request = if rest { get("/tasks") } else { post("/", body) };
            request.headers_mut().remove("a2a-version");
            if let Some(version) = version {
                request
                    .headers_mut()
                    .insert("a2a-version", version.parse().unwrap());
            }
            let got = ask(&world, request).await;
            let answer = got.json();
            let code = if rest {
                &answer["error"]["status"]
            } else {
                &answer["error"]["code"]
            };
            let refused = if rest {
                json!("FAILED_PRECONDITION")
            } else {
                json!(-32009)
            };
            assert_eq!(
                code,
                if ok { &Value::Null } else { &refused },
                "{version:?} {rest}"
            );
        }
    }
    let mut request = get("/tasks?A2A-Version=1.0");
    request.headers_mut().remove("a2a-version");
    assert_eq!(ask(&world, request).await.status, 200);
}

#[tokio::test]
async fn the_rpc_url_takes_post_only() {
    let world = Rc::new(World::default());
    let got = ask(&world, get("/")).await;
    assert_eq!(
        (got.status.as_u16(), got.headers["allow"].to_str().unwrap()),
        (405, "POST")
    );
}

#[tokio::test]
async fn http_json_does_what_json_rpc_does() {
    let world = Rc::new(World::default());
    let body = json!({"message": message("m1", "hi")}).to_string();
    let sent = ask(&world, post("/message:send", body.clone())).await;
    assert_eq!(sent.status, 200);
    let task = &sent.json()["task"];
    let id = task["id"].as_str().unwrap();
    assert_eq!(
        ask(&world, get(&format!("/tasks/{id}"))).await.json()["id"],
        id
    );
    let list = ask(
        &world,
        get("/tasks?pageSize=1&includeArtifacts=true&status=TASK_STATE_COMPLETED"),
    );
    let list = list.await.json();
    assert_eq!(list["tasks"][0]["artifacts"][0]["artifactId"], "echo");
    let short = ask(&world, get(&format!("/tasks/{id}?history_length=0")))
        .await
        .json();
    assert!(short.get("history").is_none());
    let streamed = ask(&world, post("/message:stream", body.replace("m1", "m2")))
        .await
        .events();
    assert!(streamed[0].1["task"]["id"].is_string() && streamed.len() == 3);
    for verb in ["cancel", "subscribe"] {
        let got = ask(&world, post(&format!("/tasks/{id}:{verb}"), "")).await;
        assert_eq!(got.status, 400, "{verb}");
    }
    assert_eq!(
        ask(&world, get(&format!("/tasks/{id}:subscribe")))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn http_json_errors_are_aip_193() {
    let world = Rc::new(World::default());
    for (request, status, name, reason) in [
        (get("/tasks/none"), 404, "NOT_FOUND", "TASK_NOT_FOUND"),
        (get("/nowhere"), 404, "NOT_FOUND", "METHOD_NOT_FOUND"),
        (
            get("/.well-known/other"),
            404,
            "NOT_FOUND",
            "METHOD_NOT_FOUND",
        ),
        (
            get("/message:send"),
            405,
            "UNIMPLEMENTED",
            "METHOD_NOT_ALLOWED",
        ),
        (
            get("/tasks?pageSize=500"),
            400,
            "INVALID_ARGUMENT",
            "INVALID_PARAMS",
        ),
        (
            get("/tasks?status=NOPE"),
            400,
            "INVALID_ARGUMENT",
            "INVALID_PARAMS",
        ),
        (
            post("/message:send", "{bad"),
            400,
            "INVALID_ARGUMENT",
            "PARSE_ERROR",
        ),
        (
            post("/message:send", "[]"),
            400,
            "INVALID_ARGUMENT",
            "INVALID_REQUEST",
        ),
        (
            post("/message:send", "{}"),
            400,
            "INVALID_ARGUMENT",
            "INVALID_PARAMS",
        ),
        (
            get("/extendedAgentCard"),
            400,
            "FAILED_PRECONDITION",
            "UNSUPPORTED_OPERATION",
        ),
        (
            get("/tasks/x/pushNotificationConfigs"),
            404,
            "NOT_FOUND",
            "TASK_NOT_FOUND",
        ),
    ] {
        let path = request.uri().path().to_owned();
        let got = ask(&world, request).await;
        let error = &got.json()["error"];
        assert_eq!(
            (got.status.as_u16(), error["code"].as_u64()),
            (status, Some(status.into())),
            "{path}"
        );
        assert_eq!(error["status"], name, "{path}");
        assert_eq!(error["details"][0]["reason"], reason, "{path}");
        assert_eq!(
            error["details"][0]["@type"],
            "type.googleapis.com/google.rpc.ErrorInfo"
        );
    }
}

#[tokio::test]
async fn the_media_type_is_the_clients() {
    let world = Rc::new(World::default());
    let mut request = get("/tasks");
    assert_eq!(
        ask(&world, request.clone()).await.headers["content-type"],
        "application/json"
    );
    request
        .headers_mut()
        .insert("accept", "application/a2a+json".parse().unwrap());
    assert_eq!(
        ask(&world, request).await.headers["content-type"],
        "application/a2a+json"
    );
    let mut request = post("/message:send", "garbage");
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let got = ask(&world, request).await.json();
    assert_eq!(
        got["error"]["details"][0]["reason"],
        "CONTENT_TYPE_NOT_SUPPORTED"
    );
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let world = Rc::new(World::default());
    let body = json!({"message": message("m1", "hi")}).to_string();
    let sent = ask(&world, post("/acme/message:send", body)).await.json();
    let id = sent["task"]["id"].as_str().unwrap();
    assert_eq!(
        ask(&world, get(&format!("/acme/tasks/{id}"))).await.status,
        200
    );
    assert_eq!(
        ask(&world, get(&format!("/other/tasks/{id}"))).await.status,
        404
    );
    assert_eq!(ask(&world, get(&format!("/tasks/{id}"))).await.status, 404);
    let same = rpc(&world, "GetTask", json!({"id": id, "tenant": "acme"})).await;
    assert_eq!(same["result"]["id"], id);
}

#[tokio::test]
async fn ids_are_decoded_once() {
    let world = Rc::new(World::default());
    let got = ask(&world, get("/tasks/a%2Fb%3Acancel")).await.json();
    assert_eq!(
        got["error"]["details"][0]["metadata"]["taskId"],
        "a/b:cancel"
    );
}
