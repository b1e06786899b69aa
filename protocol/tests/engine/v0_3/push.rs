//! Webhooks.

use attache_protocol::Platform as _;

use super::*;

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
    assert_eq!(unnamed["pushNotificationConfig"]["id"], "default");
    let again = json!({"taskId": id, "pushNotificationConfig": {"id": "", "url": "https://a.b"}});
    let again = old_rpc(&world, &on("set"), again).await["result"].clone();
    let default = old_rpc(&world, &on("get"), json!({"id": id})).await;
    assert_eq!(
        default["result"], again,
        "replaced, and found without its name"
    );
    let named = json!({"id": id, "pushNotificationConfigId": "c2"});
    let got = old_rpc(&world, &on("get"), named.clone()).await;
    assert_eq!(got["result"], config);
    let listed = old_rpc(&world, &on("list"), json!({"id": id})).await;
    assert_eq!(listed["result"].as_array().map(Vec::len), Some(2));
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
