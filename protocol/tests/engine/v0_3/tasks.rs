//! Messages and the tasks that they begin, in both versions.

use attache_protocol::wire::{Content, Part};

use super::*;

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
