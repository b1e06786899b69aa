//! History (sections 3.2.4 and 3.7): how much of it is given, in which order, and what it holds.

use std::rc::Rc;

use serde_json::json;

use super::*;

fn configured(message: &Value, length: Value) -> Value {
    json!({"message": message, "configuration": {"historyLength": length}})
}

fn more(task: &Value, id: &str, text: &str) -> Value {
    let mut message = message(id, text);
    message["taskId"] = task["id"].clone();
    message
}

fn texts(task: &Value) -> Vec<String> {
    let history = task["history"].as_array().cloned().unwrap_or_default();
    let text = |m: &Value| m["parts"][0]["text"].as_str().unwrap().to_owned();
    history.iter().map(text).collect()
}

#[tokio::test]
async fn every_operation_limits_it_alike() {
    for (length, expected) in [
        (json!(null), vec!["ask", "what?", "hello"]),
        (json!(9), vec!["ask", "what?", "hello"]),
        (json!(2), vec!["what?", "hello"]),
        (json!(1), vec!["hello"]),
        (json!(0), vec![]),
    ] {
        let world = Rc::new(World::default());
        let task = send(&world, "m1", "ask").await;
        let params = configured(&more(&task, "m2", "hello"), length.clone());
        let sent = rpc(&world, "SendMessage", params).await["result"]["task"].clone();
        let got = json!({"id": task["id"], "historyLength": length});
        let got = rpc(&world, "GetTask", got).await["result"].clone();
        let list = json!({"historyLength": length});
        let list = rpc(&world, "ListTasks", list).await["result"]["tasks"][0].clone();
        for (operation, task) in [("send", sent), ("get", got), ("list", list)] {
            assert_eq!(texts(&task), expected, "{operation} {length}");
            let present = task.as_object().unwrap().contains_key("history");
            assert_eq!(present, !expected.is_empty(), "{operation} {length}");
        }
    }
}

#[tokio::test]
async fn a_stream_begins_with_no_more_than_was_asked_for() {
    for (length, expected) in [
        (json!(null), vec!["ask", "what?", "hello"]),
        (json!(1), vec!["hello"]),
        (json!(0), vec![]),
    ] {
        let world = Rc::new(World::default());
        let task = send(&world, "m1", "ask").await;
        let params = configured(&more(&task, "m2", "hello"), length.clone());
        let request =
            json!({"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": params});
        // The second time the task is found again instead of run again.
        for _ in 0..2 {
            let events = ask(&world, post("/", request.to_string())).await.events();
            assert_eq!(texts(&events[0].1["result"]["task"]), expected, "{length}");
        }
    }
}

#[tokio::test]
async fn messages_stand_in_it_as_they_were_exchanged() {
    let world = Rc::new(World::default());
    let mut first = message("m1", "ask");
    first["metadata"] = json!({"urn:x": {"n": 42}});
    first["extensions"] = json!(["urn:optional"]);
    first["referenceTaskIds"] = json!(["elsewhere"]);
    let sent = rpc(&world, "SendMessage", json!({ "message": first })).await;
    let task = &sent["result"]["task"];
    let question = &task["status"]["message"];
    let done = rpc(
        &world,
        "SendMessage",
        json!({"message": more(task, "m2", "x")}),
    )
    .await;
    let done = &done["result"]["task"];
    for (key, value) in first.as_object().unwrap() {
        assert_eq!(&done["history"][0][key], value);
    }
    assert_eq!(&done["history"][1], question);
    let roles: Vec<_> = done["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["role"])
        .collect();
    assert_eq!(roles, ["ROLE_USER", "ROLE_AGENT", "ROLE_USER"]);
    for message in done["history"].as_array().unwrap() {
        assert_eq!(message["taskId"], done["id"]);
        assert_eq!(message["contextId"], done["contextId"]);
    }
}

/// The official kit sends such messages, and expects to find each.
#[tokio::test]
async fn messages_with_one_id_and_other_words_are_all_kept() {
    let world = Rc::new(World::default());
    let task = send(&world, "same", "ask").await;
    for n in 1..4 {
        let mut message = more(&task, "same", "ask");
        message["metadata"] = json!({ "n": n });
        rpc(&world, "SendMessage", json!({ "message": message })).await;
    }
    let task = rpc(&world, "GetTask", json!({"id": task["id"]})).await["result"].clone();
    let history = task["history"].as_array().unwrap().iter();
    let kept: Vec<_> = history
        .filter_map(|m| m["metadata"]["n"].as_u64())
        .collect();
    assert_eq!(kept, [1, 2, 3]);
}
