//! Push-notification configuration, and the extended card: what is declared is what is done.

use std::rc::Rc;

use serde_json::json;

use super::*;

fn request(verb: http::Method, path: &str, body: &Value) -> Request<Vec<u8>> {
    let mut request = post(path, body.to_string());
    *request.method_mut() = verb;
    request
}

#[tokio::test]
async fn a_webhook_is_kept_read_listed_and_removed() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let id = task["id"].as_str().unwrap();
    let config = json!({
        "taskId": id, "id": "c1", "url": "https://example.com/hook?a=b", "token": "t",
        "authentication": {"scheme": "Bearer", "credentials": "abc"},
    });
    let create = "CreateTaskPushNotificationConfig";
    let created = rpc(&world, create, config.clone()).await;
    assert_eq!(created["result"], config);
    let unnamed = json!({"task_id": id, "url": "http://example.com"});
    let unnamed = rpc(&world, create, unnamed).await["result"].clone();
    assert_eq!(unnamed["id"].as_str().map(str::len), Some(36));

    let named = json!({"taskId": id, "id": "c1"});
    let got = rpc(&world, "GetTaskPushNotificationConfig", named.clone()).await;
    assert_eq!(got["result"], config);
    let path = format!("/tasks/{id}/pushNotificationConfigs");
    let listed = ask(&world, get(&path)).await.json();
    assert_eq!(listed["configs"].as_array().map(Vec::len), Some(2));
    assert_eq!(listed["nextPageToken"], "");

    // The same id again replaces it.
    let other = json!({"id": "c1", "url": "https://example.com/other"});
    let replaced = ask(&world, request(http::Method::POST, &path, &other)).await;
    assert_eq!(replaced.json()["url"], "https://example.com/other");
    let got = ask(&world, get(&format!("{path}/c1"))).await.json();
    assert_eq!(
        got,
        json!({"taskId": id, "id": "c1", "url": "https://example.com/other"})
    );

    let one = request(http::Method::DELETE, &format!("{path}/c1"), &Value::Null);
    assert_eq!(ask(&world, one.clone()).await.json(), json!({}));
    assert_eq!(ask(&world, one).await.json(), json!({}), "idempotent");
    let gone = rpc(&world, "GetTaskPushNotificationConfig", named).await;
    assert_eq!(gone["error"]["code"], -32001);
}

#[tokio::test]
async fn webhooks_are_paged() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let id = task["id"].as_str().unwrap();
    for name in ["b", "c", "a"] {
        let config = json!({"taskId": id, "id": name, "url": "https://example.com"});
        rpc(&world, "CreateTaskPushNotificationConfig", config).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/tasks/{id}/pushNotificationConfigs?pageSize=2&pageToken={token}");
        let page = ask(&world, get(&path)).await.json();
        let ids = page["configs"].as_array().unwrap().iter();
        seen.extend(ids.map(|c| c["id"].as_str().unwrap().to_owned()));
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c"]);
    for query in ["pageSize=-1", "pageSize=101", "pageToken=%21"] {
        let path = format!("/tasks/{id}/pushNotificationConfigs?{query}");
        assert_eq!(ask(&world, get(&path)).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_webhook_may_come_with_the_message() {
    let world = Rc::new(World::default());
    let with = |message: Value| {
        json!({
            "message": message,
            "configuration": {"taskPushNotificationConfig": {"url": "https://example.com"}},
        })
    };
    let task =
        rpc(&world, "SendMessage", with(message("m1", "ask"))).await["result"]["task"].clone();
    let list = json!({"taskId": task["id"]});
    let configs = rpc(&world, "ListTaskPushNotificationConfigs", list.clone()).await;
    assert_eq!(configs["result"]["configs"][0]["taskId"], task["id"]);
    let mut more = message("m2", "ask");
    more["taskId"] = task["id"].clone();
    rpc(&world, "SendMessage", with(more)).await;
    let configs = rpc(&world, "ListTaskPushNotificationConfigs", list).await;
    assert_eq!(
        configs["result"]["configs"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn a_webhook_that_cannot_be_posted_to_is_refused() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let long = format!("https://example.com/{}", "x".repeat(3000));
    for (field, config) in [
        ("url", json!({})),
        ("url", json!({"url": "example.com/hook"})),
        ("url", json!({"url": "ftp://example.com"})),
        ("url", json!({"url": "https://user:secret@example.com"})),
        ("url", json!({"url": long})),
        (
            "token",
            json!({"url": "https://a.b", "token": "a\r\nX-Evil: 1"}),
        ),
        (
            "authentication.scheme",
            json!({"url": "https://a.b", "authentication": {"credentials": "x"}}),
        ),
        (
            "authentication.scheme",
            json!({"url": "https://a.b", "authentication": {"scheme": "a b"}}),
        ),
        (
            "authentication.credentials",
            json!({"url": "https://a.b", "authentication": {"scheme": "Bearer", "credentials": "a\nb"}}),
        ),
    ] {
        let mut params = config.clone();
        params["taskId"] = task["id"].clone();
        let answer = rpc(&world, "CreateTaskPushNotificationConfig", params).await;
        assert_eq!(answer["error"]["code"], -32602, "{config}");
        let violation = &answer["error"]["data"][1]["fieldViolations"][0];
        assert_eq!(violation["field"], field, "{config}");
        let send = json!({
            "message": message("m2", "x"),
            "configuration": {"taskPushNotificationConfig": config},
        });
        let answer = rpc(&world, "SendMessage", send).await;
        let violation = &answer["error"]["data"][1]["fieldViolations"][0];
        let within = format!("configuration.taskPushNotificationConfig.{field}");
        assert_eq!(violation["field"], within, "{config}");
    }
    let unknown = json!({"taskId": "none", "url": "https://example.com"});
    let answer = rpc(&world, "CreateTaskPushNotificationConfig", unknown).await;
    assert_eq!(answer["error"]["code"], -32001);
}

#[tokio::test]
async fn what_the_card_denies_is_refused() {
    let world = Rc::new(World::default());
    let mut card = puppet_card();
    card.capabilities.push_notifications = Some(false);
    card.capabilities.streaming = Some(false);
    *world.card.borrow_mut() = Some(card);
    let params = json!({
        "message": message("m1", "x"),
        "configuration": {"taskPushNotificationConfig": {"url": "https://example.com"}},
    });
    for (method, params) in [
        ("SendMessage", params),
        ("CreateTaskPushNotificationConfig", json!({"taskId": "no"})),
        ("GetTaskPushNotificationConfig", json!({"taskId": "no"})),
        ("ListTaskPushNotificationConfigs", json!({"taskId": "no"})),
        ("DeleteTaskPushNotificationConfig", json!({"taskId": "no"})),
    ] {
        let answer = rpc(&world, method, params).await;
        assert_eq!(answer["error"]["code"], -32003, "{method}");
    }
    for method in ["SendStreamingMessage", "SubscribeToTask"] {
        let answer = rpc(&world, method, json!({"id": "no"})).await;
        assert_eq!(answer["error"]["code"], -32004, "{method}");
    }
}

#[tokio::test]
async fn the_extended_card_is_for_callers_who_are_known() {
    let world = Rc::new(World::default());
    let extended = || async { rpc(&world, "GetExtendedAgentCard", json!({})).await };
    assert_eq!(extended().await["error"]["code"], -32004);

    let mut card = puppet_card();
    card.capabilities.extended_agent_card = Some(true);
    *world.card.borrow_mut() = Some(card.clone());
    assert_eq!(extended().await["error"]["code"], -32007);

    card.security_schemes =
        json!({"key": {"apiKeySecurityScheme": {"location": "header", "name": "X"}}})
            .as_object()
            .unwrap()
            .clone();
    *world.card.borrow_mut() = Some(card.clone());
    card.name = "Puppet, for friends".to_owned();
    *world.extended_card.borrow_mut() = Some(card);
    let refused = ask(&world, get("/extendedAgentCard")).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    *world.caller.borrow_mut() = Some(Caller {
        issuer: "test".to_owned(),
        subject: "friend".to_owned(),
        email: None,
        scopes: Vec::new(),
    });
    assert_eq!(extended().await["result"]["name"], "Puppet, for friends");
    let rest = ask(&world, get("/tenant/extendedAgentCard")).await;
    let caching = rest.headers["cache-control"].to_str().unwrap();
    assert!(caching.starts_with("private"), "{caching}");
    let rest = rest.json();
    assert_eq!(rest["supportedInterfaces"][0]["url"], "http://agent.test/");
}
