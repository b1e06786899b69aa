//! How the data model is printed and read (sections 5.5 to 5.7), whatever carries it.

use std::rc::Rc;

use serde_json::json;

use super::*;

/// Every name and every constant in a JSON value.
fn walk(value: &Value, see: &mut impl FnMut(Option<&str>, &Value)) {
    match value {
        Value::Object(map) => {
            for (key, node) in map {
                see(Some(key), node);
                walk(node, see);
            }
        }
        Value::Array(items) => items.iter().for_each(|node| walk(node, see)),
        _ => {}
    }
}

#[tokio::test]
async fn names_are_camel_case_enums_are_names_and_times_are_utc() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let mut more = message("m2", "pieces");
    more["taskId"] = task["id"].clone();
    let stream = json!({"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": {"message": more}});
    let mut printed: Vec<Value> = ask(&world, post("/", stream.to_string()))
        .await
        .events()
        .into_iter()
        .map(|(_, e)| e)
        .collect();
    let webhook = json!({"taskId": task["id"], "url": "https://example.com", "token": "t"});
    rpc(&world, "CreateTaskPushNotificationConfig", webhook).await;
    for (method, params) in [
        ("GetTask", json!({"id": task["id"]})),
        ("ListTasks", json!({"includeArtifacts": true})),
        (
            "ListTaskPushNotificationConfigs",
            json!({"taskId": task["id"]}),
        ),
        ("GetTask", json!({"id": "none"})),
    ] {
        printed.push(rpc(&world, method, params).await);
    }
    printed.push(
        ask(&world, get("/.well-known/agent-card.json"))
            .await
            .json(),
    );
    let (mut states, mut roles, mut times) = (0, 0, 0);
    for value in &printed {
        walk(value, &mut |key, node| match (key, node) {
            (Some("state"), Value::String(state)) => {
                states += 1;
                assert!(state.starts_with("TASK_STATE_"), "{state}");
            }
            (Some("role"), node) => {
                roles += 1;
                assert!(
                    ["ROLE_USER", "ROLE_AGENT"].contains(&node.as_str().unwrap()),
                    "{node}"
                );
            }
            (Some("timestamp"), node) => {
                times += 1;
                let text = node.as_str().unwrap();
                assert!(
                    text.len() == 24 && text.ends_with('Z') && text.contains('.'),
                    "{text}"
                );
            }
            (Some(key), _) => assert!(!key.contains('_'), "{key}"),
            _ => {}
        });
    }
    assert!(
        states >= 5 && roles >= 5 && times >= 5,
        "{states} {roles} {times}"
    );
}

#[tokio::test]
async fn required_fields_are_printed_and_unset_ones_are_not() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "x").await;
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(
        keys(&task),
        ["id", "contextId", "status", "artifacts", "history"]
    );
    assert_eq!(keys(&task["status"]), ["state", "timestamp"]);
    assert_eq!(keys(&task["artifacts"][0]), ["artifactId", "parts"]);
    assert_eq!(keys(&task["artifacts"][0]["parts"][0]), ["text"]);
    let message = &task["history"][0];
    assert_eq!(
        keys(message),
        ["messageId", "contextId", "taskId", "role", "parts"]
    );
    let card = ask(&world, get("/.well-known/agent-card.json"))
        .await
        .json();
    for field in [
        "name",
        "description",
        "supportedInterfaces",
        "version",
        "capabilities",
        "defaultInputModes",
        "defaultOutputModes",
        "skills",
    ] {
        assert!(card.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn a_missing_required_field_is_refused_by_name() {
    let world = Rc::new(World::default());
    let without = |field: &str| {
        let mut message = message("m1", "x");
        message.as_object_mut().unwrap().remove(field);
        json!({ "message": message })
    };
    for (method, params, field) in [
        ("SendMessage", json!({}), "message"),
        ("SendMessage", without("messageId"), "message.messageId"),
        ("SendMessage", without("role"), "message.role"),
        ("SendMessage", without("parts"), "message.parts"),
        ("SendStreamingMessage", without("parts"), "message.parts"),
        ("GetTask", json!({}), "id"),
        ("CancelTask", json!({}), "id"),
        ("SubscribeToTask", json!({}), "id"),
        (
            "CreateTaskPushNotificationConfig",
            json!({"url": "https://a.b"}),
            "taskId",
        ),
        (
            "GetTaskPushNotificationConfig",
            json!({"id": "c"}),
            "taskId",
        ),
        (
            "GetTaskPushNotificationConfig",
            json!({"taskId": "t"}),
            "id",
        ),
        ("ListTaskPushNotificationConfigs", json!({}), "taskId"),
        (
            "DeleteTaskPushNotificationConfig",
            json!({"taskId": "t"}),
            "id",
        ),
    ] {
        let error = rpc(&world, method, params).await["error"].clone();
        assert_eq!(error["code"], -32602, "{method} without {field}");
        let violation = &error["data"][1]["fieldViolations"][0];
        assert_eq!(violation["field"], field, "{method}");
        assert!(!violation["description"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_not_known_is_ignored_and_what_is_data_is_kept() {
    let world = Rc::new(World::default());
    let mut odd = message("m1", "data");
    odd["later"] = json!({"a": [1]});
    odd["parts"] =
        json!([{"data": {"n": 42, "x": null, "big": 9_007_199_254_740_993_u64}, "later": 1}]);
    odd["metadata"] = json!({"unknown": {"kept": [1, 2.5, "x"]}});
    let params = json!({"message": odd, "later": true, "configuration": {"later": {}}});
    let task = rpc(&world, "SendMessage", params).await["result"]["task"].clone();
    let kept = &task["history"][0];
    assert!(kept.get("later").is_none());
    assert_eq!(kept["metadata"], odd["metadata"]);
    assert_eq!(kept["parts"][0]["data"], odd["parts"][0]["data"]);
    assert_eq!(
        kept["parts"][0]["data"].to_string(),
        odd["parts"][0]["data"].to_string()
    );
}
