//! HTTP+JSON, below `/v1`.

use http::Method;

use super::*;

fn request(method: Method, path: &str, body: impl Into<Vec<u8>>) -> Request<Vec<u8>> {
    let mut request = old(post(path, body));
    *request.method_mut() = method;
    request
}

async fn old_get(world: &Rc<World>, path: &str) -> Got {
    ask(world, old(get(path))).await
}

async fn old_post(world: &Rc<World>, path: &str, body: Value) -> Got {
    ask(world, old(post(path, body.to_string()))).await
}

fn old_message(id: &str, text: &str) -> Value {
    json!({"messageId": id, "role": "ROLE_USER", "content": [{"text": text}]})
}

async fn old_send(world: &Rc<World>, id: &str, text: &str) -> Value {
    let body = json!({"message": old_message(id, text)});
    let got = old_post(world, "/v1/message:send", body).await;
    assert_eq!(got.status, 200);
    got.json()["task"].clone()
}

#[tokio::test]
async fn a_message_is_answered_with_a_task() {
    let world = Rc::new(World::default());
    let mut task = old_send(&world, "m1", "hi").await;
    let (id, context) = (task["id"].clone(), task["contextId"].clone());
    task["status"].as_object_mut().unwrap().remove("timestamp");
    let expected = json!({
        "id": id, "contextId": context,
        "status": {"state": "TASK_STATE_COMPLETED"},
        "artifacts": [{"artifactId": "echo", "parts": [{"text": "hi"}]}],
        "history": [{
            "messageId": "m1", "contextId": context, "taskId": id,
            "role": "ROLE_USER", "content": [{"text": "hi"}],
        }],
    });
    assert_eq!(task, expected);
    let direct = json!({"message": old_message("m2", "reply")});
    let direct = old_post(&world, "/v1/message:send", direct).await.json();
    assert_eq!(direct["message"]["content"], json!([{"text": "directly"}]));
    assert_eq!(direct["message"]["role"], "ROLE_AGENT");
}

#[tokio::test]
async fn requests_of_every_dialect() {
    let world = Rc::new(World::default());
    let python = json!({
        "request": {
            "message_id": "m1", "role": "ROLE_USER",
            "content": [
                {"text": "x"},
                {"file": {"file_with_bytes": "ZEdOcg==", "mime_type": "text/plain", "name": "a"}},
                {"data": {"data": {"n": 1}}},
            ],
        },
        "configuration": {"blocking": true, "accepted_output_modes": ["text/plain"]},
    });
    let script = json!({
        "message": {
            "messageId": "m2", "role": "ROLE_USER",
            "content": [
                {"text": "x"},
                {"file": {"fileWithBytes": "dGNr", "mimeType": "text/plain", "name": "a"}},
                {"data": {"data": {"n": 1}}},
            ],
        },
    });
    let of_json_rpc = json!({
        "message": {
            "kind": "message", "messageId": "m3", "role": "user",
            "parts": [
                {"kind": "text", "text": "x"},
                {"kind": "file", "file": {"bytes": "dGNr", "mimeType": "text/plain", "name": "a"}},
                {"kind": "data", "data": {"n": 1}},
            ],
        },
    });
    for body in [python, script, of_json_rpc] {
        let got = old_post(&world, "/v1/message:send", body.clone()).await;
        assert_eq!(got.status, 200, "{body}");
        let task = got.json()["task"].clone();
        let read = rpc(&world, "GetTask", json!({"id": task["id"]})).await;
        let expected = json!([
            {"text": "x"},
            {"raw": "dGNr", "filename": "a", "mediaType": "text/plain"},
            {"data": {"n": 1}},
        ]);
        assert_eq!(read["result"]["history"][0]["parts"], expected, "{body}");
        let bytes = &task["history"][0]["content"][1]["file"]["fileWithBytes"];
        assert_eq!(bytes, "ZEdOcg==", "twice, as the SDKs read it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_does_not_say_blocking_does_not_wait() {
    let world = Rc::new(World::default());
    for (id, configuration, state) in [
        ("m1", json!(null), "TASK_STATE_COMPLETED"),
        ("m2", json!({"blocking": true}), "TASK_STATE_COMPLETED"),
        ("m3", json!({}), "TASK_STATE_SUBMITTED"),
    ] {
        let body = json!({"message": old_message(id, "work"), "configuration": configuration});
        let got = old_post(&world, "/v1/message:send", body).await.json();
        assert_eq!(got["task"]["status"]["state"], state, "{configuration}");
    }
}

#[tokio::test]
async fn a_task_is_read_cancelled_and_limited() {
    let world = Rc::new(World::default());
    let task = old_send(&world, "m1", "ask").await;
    let id = task["id"].as_str().unwrap();
    let mut more = old_message("m2", "ask");
    more["taskId"] = task["id"].clone();
    more["contextId"] = task["contextId"].clone();
    old_post(&world, "/v1/message:send", json!({ "message": more })).await;
    for (query, expected) in [
        ("", 3),
        ("?historyLength=1", 1),
        ("?history_length=2", 2),
        ("?history_length=0", 3),
        ("?historyLength=", 3),
    ] {
        let got = old_get(&world, &format!("/v1/tasks/{id}{query}"))
            .await
            .json();
        let count = got["history"].as_array().map(Vec::len);
        assert_eq!(count, Some(expected), "{query}");
    }
    for query in ["historyLength=-1", "history_length=x"] {
        let got = old_get(&world, &format!("/v1/tasks/{id}?{query}")).await;
        assert_eq!(got.status, 400, "{query}");
    }
    let cancel = |body: &'static str| {
        ask(
            &world,
            request(Method::POST, &format!("/v1/tasks/{id}:cancel"), body),
        )
    };
    let canceled = cancel("null").await.json();
    assert_eq!(canceled["status"]["state"], "TASK_STATE_CANCELLED");
    let read = rpc(&world, "GetTask", json!({ "id": id })).await;
    assert_eq!(read["result"]["status"]["state"], "TASK_STATE_CANCELED");
    for body in ["", "{}"] {
        let again = cancel(body).await;
        assert_eq!(again.status, 400);
        assert_eq!(again.json()["type"], "TaskNotCancelableError");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_a_final_event() {
    let world = Rc::new(World::default());
    let body = json!({"message": old_message("m1", "pieces")});
    let got = old_post(&world, "/v1/message:stream", body).await;
    assert_eq!(got.headers["content-type"], "text/event-stream");
    let events: Vec<_> = got.events().into_iter().map(|(_, event)| event).collect();
    assert_eq!(events[0]["task"]["status"]["state"], "TASK_STATE_SUBMITTED");
    let first = &events[2]["artifactUpdate"];
    assert_eq!(first["artifact"]["parts"], json!([{"text": "0"}]));
    assert!(first.get("append").is_none() && first.get("lastChunk").is_none());
    let last = &events.last().unwrap()["statusUpdate"];
    assert_eq!(last["status"]["state"], "TASK_STATE_COMPLETED");
    assert_eq!(last["final"], true);
    assert!(events[1]["statusUpdate"].get("final").is_none());
}

#[tokio::test(start_paused = true)]
async fn subscribing_with_either_verb() {
    let world = Rc::new(World::default());
    for (verb, message_id) in [(Method::GET, "m1"), (Method::POST, "m2")] {
        let task = old_send(&world, message_id, "ask").await;
        let path = format!("/v1/tasks/{}:subscribe", task["id"].as_str().unwrap());
        let mut more = old_message(&format!("{message_id}-more"), "x");
        more["taskId"] = task["id"].clone();
        let more = json!({ "message": more });
        let (got, _) = futures_util::future::join(
            ask(&world, request(verb.clone(), &path, "")),
            old_post(&world, "/v1/message:send", more),
        )
        .await;
        let events = got.events();
        let (first, last) = (&events[0].1, &events.last().unwrap().1);
        assert_eq!(
            first["task"]["status"]["state"],
            "TASK_STATE_INPUT_REQUIRED"
        );
        assert_eq!(last["statusUpdate"]["final"], true);
        let ended = ask(&world, request(verb.clone(), &path, "")).await;
        assert_eq!(ended.status, 400);
        let unknown = ask(&world, request(verb, "/v1/tasks/none:subscribe", "")).await;
        assert_eq!(unknown.status, 404);
    }
}

#[tokio::test]
async fn webhooks() {
    let world = Rc::new(World::default());
    let task = old_send(&world, "m1", "ask").await;
    let id = task["id"].as_str().unwrap();
    let path = format!("/v1/tasks/{id}/pushNotificationConfigs");
    let name = |config: &str| format!("tasks/{id}/pushNotificationConfigs/{config}");
    let create = |body: Value| {
        let path = path.clone();
        let world = world.clone();
        async move { old_post(&world, &path, body).await }
    };
    let kit = json!({
        "parent": format!("tasks/{id}"), "config_id": "c1",
        "config": {"name": name("c1"), "push_notification_config": {
            "id": "c1", "url": "https://example.com", "token": "", "authentication": {},
        }},
    });
    let stored = json!({
        "name": name("c1"),
        "pushNotificationConfig": {"id": "c1", "url": "https://example.com"},
    });
    assert_eq!(create(kit).await.json(), stored);
    let script = json!({
        "name": name("c2"),
        "pushNotificationConfig": {
            "url": "https://example.com",
            "authentication": {"schemes": ["Bearer"], "credentials": "x"},
        },
    });
    let second = create(script).await.json();
    assert_eq!(second["name"], json!(name("c2")));
    let schemes = &second["pushNotificationConfig"]["authentication"]["schemes"];
    assert_eq!(schemes, &json!(["Bearer"]));
    let bare = create(json!({"id": "c3", "url": "https://example.com"})).await;
    assert_eq!(
        (bare.status.as_u16(), bare.json()["name"] == name("c3")),
        (200, true)
    );

    assert_eq!(old_get(&world, &format!("{path}/c1")).await.json(), stored);
    let listed = old_get(&world, &path).await.json();
    assert_eq!(listed["configs"].as_array().map(Vec::len), Some(3));
    assert_eq!(listed["configs"][0], stored);
    for _ in 0..2 {
        let deleted = ask(&world, request(Method::DELETE, &format!("{path}/c1"), "")).await;
        assert_eq!((deleted.status.as_u16(), deleted.json()), (200, json!({})));
    }
    assert_eq!(old_get(&world, &format!("{path}/c1")).await.status, 404);
    assert_eq!(create(json!({"url": "nowhere"})).await.status, 400);
    assert_eq!(create(json!({"config": 7})).await.status, 400);
}

#[tokio::test]
async fn errors_are_what_each_client_reads() {
    let world = Rc::new(World::default());
    let got = old_get(&world, "/v1/tasks/none").await;
    assert_eq!(got.status, 404);
    let error = got.json();
    assert_eq!(error["error"]["status"], "NOT_FOUND");
    assert_eq!(error["error"]["details"][0]["reason"], "TASK_NOT_FOUND");
    assert_eq!(error["type"], "TaskNotFoundError");
    assert_eq!(error["code"], -32001);
    assert_eq!(error["message"], error["error"]["message"]);

    let without = |field: &str| {
        let mut message = old_message("m1", "x");
        message.as_object_mut().unwrap().remove(field);
        json!({ "message": message })
    };
    for body in [
        without("role"),
        without("messageId"),
        without("content"),
        json!({}),
        json!({"message": []}),
    ] {
        let got = old_post(&world, "/v1/message:send", body.clone()).await;
        assert_eq!(got.status, 400, "{body}");
        assert_eq!(got.json()["type"], "InvalidParamsError", "{body}");
    }
    for body in ["[]", "{bad", "7"] {
        let got = ask(&world, request(Method::POST, "/v1/message:send", body)).await;
        assert_eq!(got.status, 400, "{body}");
        assert_eq!(got.json()["type"], "InvalidRequestError", "{body}");
    }
}

#[tokio::test]
async fn paths_and_verbs() {
    let world = Rc::new(World::default());
    for (verb, path, status, allow) in [
        (Method::GET, "/v1/message:send", 405, Some("POST")),
        (Method::PUT, "/v1/tasks/a:subscribe", 405, Some("GET, POST")),
        (Method::POST, "/v1/tasks/a", 405, Some("GET")),
        (Method::GET, "/v1/nothing", 404, None),
        (Method::GET, "/v1/", 404, None),
        (Method::GET, "/v1/tasks", 404, None),
        (Method::GET, "//v1/tasks/a%2Fb", 404, None),
    ] {
        let got = ask(&world, request(verb, path, "")).await;
        assert_eq!(got.status, status, "{path}");
        let found = got.headers.get("allow").map(|v| v.to_str().unwrap());
        assert_eq!(found, allow, "{path}");
        assert!(got.json()["message"].is_string(), "{path}");
    }
    // A client of 1.0 has no business here.
    let got = ask(&world, get("/v1/tasks/a")).await;
    assert_eq!(got.status, 400);
    assert_eq!(got.json()["type"], "VersionNotSupportedError");
}

#[tokio::test]
async fn below_a_public_url_with_a_path() {
    let world = Rc::new(World::default());
    let url = "https://example.com/agents/v1".to_owned();
    let key = "attache_public_url".to_owned();
    world.config.borrow_mut().insert(key, url);
    let task = old_send(&world, "m1", "x").await;
    let id = task["id"].as_str().unwrap();
    let path = format!("/agents/v1/v1/tasks/{id}");
    assert_eq!(old_get(&world, &path).await.json()["id"], id);
    assert_eq!(
        ask(&world, get("/agents/v1/tasks")).await.json()["totalSize"],
        1
    );
}

#[tokio::test]
async fn the_extended_card_reads_as_json_and_as_protojson() {
    let world = Rc::new(World::default());
    let mut card = puppet_card();
    card.capabilities.extended_agent_card = Some(true);
    let scheme = json!({"key": {"apiKeySecurityScheme": {"location": "header", "name": "X"}}});
    card.security_schemes = scheme.as_object().unwrap().clone();
    *world.card.borrow_mut() = Some(card.clone());
    *world.extended_card.borrow_mut() = Some(card);
    assert_eq!(old_get(&world, "/v1/card").await.status, 401);
    assert_eq!(old_get(&world, "//v1/card").await.status, 401);
    *world.caller.borrow_mut() = Some(Caller {
        issuer: "test".to_owned(),
        subject: "friend".to_owned(),
        email: None,
        scopes: Vec::new(),
    });
    let card = old_get(&world, "/v1/card").await.json();
    assert_eq!(card["protocolVersion"], "0.3.0");
    let expected = json!({"key": {
        "type": "apiKey", "in": "header", "name": "X",
        "apiKeySecurityScheme": {"location": "header", "name": "X"},
    }});
    assert_eq!(card["securitySchemes"], expected);
}
