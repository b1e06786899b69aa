use std::collections::HashSet;
use std::rc::Rc;

use serde_json::json;

use super::*;

#[tokio::test]
async fn history_is_as_long_as_asked() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let mut second = message("m2", "x");
    second["taskId"] = task["id"].clone();
    rpc(&world, "SendMessage", json!({ "message": second })).await;
    let history = async |length: Value| {
        let params = json!({"id": task["id"], "historyLength": length});
        rpc(&world, "GetTask", params).await["result"]["history"].clone()
    };
    assert_eq!(history(Value::Null).await.as_array().unwrap().len(), 3);
    assert_eq!(history(json!(1)).await[0]["messageId"], "m2");
    assert!(history(json!(0)).await.is_null());
    let negative = rpc(
        &world,
        "GetTask",
        json!({"id": task["id"], "historyLength": -1}),
    )
    .await;
    assert_eq!(negative["error"]["code"], -32602);
}

#[tokio::test]
async fn pages_hold_every_task_once_newest_first() {
    let world = Rc::new(World::default());
    for n in 0..7 {
        send(&world, &format!("m{n}"), "x").await;
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let params = json!({"pageSize": 3, "pageToken": token});
        let page = rpc(&world, "ListTasks", params).await["result"].clone();
        assert_eq!(
            (&page["pageSize"], &page["totalSize"]),
            (&json!(3), &json!(7))
        );
        for task in page["tasks"].as_array().unwrap() {
            assert!(task.get("artifacts").is_none());
            seen.push((
                task["status"]["timestamp"].clone(),
                task["id"].as_str().unwrap().to_owned(),
            ));
        }
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    let unique: HashSet<_> = seen.iter().map(|(_, id)| id).collect();
    assert_eq!((seen.len(), unique.len()), (7, 7));
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].0.as_str() >= pair[1].0.as_str())
    );
}

#[tokio::test]
async fn filters_are_joined() {
    let world = Rc::new(World::default());
    let done = send(&world, "m1", "x").await;
    let waiting = send(&world, "m2", "ask").await;
    let list = async |params: Value| rpc(&world, "ListTasks", params).await["result"].clone();
    let one = list(json!({"status": "TASK_STATE_INPUT_REQUIRED"})).await;
    assert_eq!(one["tasks"][0]["id"], waiting["id"]);
    assert_eq!(one["totalSize"], 1);
    // Enums may be numbers, names may be in snake case, numbers may be in strings.
    let one = list(json!({"status": 3, "context_id": done["contextId"], "page_size": "5"})).await;
    assert_eq!(one["tasks"][0]["id"], done["id"]);
    let none = list(json!({"status": 3, "contextId": waiting["contextId"]})).await;
    assert_eq!(
        (&none["tasks"], &none["nextPageToken"]),
        (&json!([]), &json!(""))
    );
    let since = list(json!({"statusTimestampAfter": waiting["status"]["timestamp"]})).await;
    assert_eq!(since["totalSize"], 1);
    let with = list(json!({"includeArtifacts": true})).await;
    assert_eq!(with["tasks"][1]["artifacts"][0]["artifactId"], "echo");
    assert_eq!(with["tasks"][0]["artifacts"], json!([]));
}

#[tokio::test]
async fn parameters_out_of_bounds_are_named() {
    let world = Rc::new(World::default());
    for (params, field) in [
        (json!({"pageSize": 0}), "pageSize"),
        (json!({"pageSize": 101}), "pageSize"),
        (json!({"pageSize": "many"}), "pageSize"),
        (json!({"pageToken": "%%%"}), "pageToken"),
        (json!({"status": "TASK_STATE_RUNNING"}), "status"),
        (json!({"status": 99}), "status"),
        (
            json!({"statusTimestampAfter": "yesterday"}),
            "statusTimestampAfter",
        ),
        (json!({"historyLength": -1}), "historyLength"),
        (json!({"includeArtifacts": "yes"}), "includeArtifacts"),
    ] {
        let error = rpc(&world, "ListTasks", params.clone()).await["error"].clone();
        assert_eq!(error["code"], -32602, "{params}");
        assert_eq!(
            error["data"][1]["fieldViolations"][0]["field"], field,
            "{params}"
        );
    }
}
