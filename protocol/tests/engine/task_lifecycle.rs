//! Tasks and conversations (sections 3.4 and 7.6): what ends stays ended, and who names what.

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::json;

use super::*;

/// A task in each terminal state.
async fn ended(world: &Rc<World>) -> Vec<Value> {
    let canceled = send(world, "m0", "ask").await;
    let canceled = rpc(world, "CancelTask", json!({"id": canceled["id"]})).await;
    let mut tasks = vec![canceled["result"].clone()];
    for (id, text) in [("m1", "x"), ("m2", "fail"), ("m3", "reject")] {
        tasks.push(send(world, id, text).await);
    }
    tasks
}

#[tokio::test]
async fn a_task_that_has_ended_takes_nothing_more() {
    let world = Rc::new(World::default());
    let tasks = ended(&world).await;
    let states: Vec<_> = tasks.iter().map(|t| &t["status"]["state"]).collect();
    assert_eq!(
        states,
        [
            "TASK_STATE_CANCELED",
            "TASK_STATE_COMPLETED",
            "TASK_STATE_FAILED",
            "TASK_STATE_REJECTED"
        ]
    );
    for task in &tasks {
        let state = &task["status"]["state"];
        let mut more = message("m9", "y");
        more["taskId"] = task["id"].clone();
        for (method, params, code) in [
            ("SendMessage", json!({ "message": more }), -32004),
            ("SendStreamingMessage", json!({ "message": more }), -32004),
            ("SubscribeToTask", json!({"id": task["id"]}), -32004),
            ("CancelTask", json!({"id": task["id"]}), -32002),
        ] {
            let answer = rpc(&world, method, params).await;
            assert_eq!(answer["error"]["code"], code, "{method} on {state}");
            assert_eq!(answer["error"]["data"][0]["metadata"]["state"], *state);
        }
        let after = rpc(&world, "GetTask", json!({"id": task["id"]})).await;
        assert_eq!(after["result"], *task, "unchanged");
    }
}

#[tokio::test]
async fn a_wait_ends_where_the_task_waits_for_its_client() {
    let world = Rc::new(World::default());
    for (text, state) in [
        ("ask", "TASK_STATE_INPUT_REQUIRED"),
        ("authorise", "TASK_STATE_AUTH_REQUIRED"),
    ] {
        let task = send(&world, text, text).await;
        assert_eq!(task["status"]["state"], state);
        assert!(task["status"]["message"]["parts"][0]["text"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn an_authorisation_is_asked_for_within_a_task_and_answered_to_it() {
    let world = Rc::new(World::default());
    let params = json!({"message": message("m1", "authorise")});
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": params});
    let events = ask(&world, post("/", body.to_string())).await.events();
    let last = &events.last().unwrap().1["result"]["statusUpdate"];
    assert_eq!(last["status"]["state"], "TASK_STATE_AUTH_REQUIRED");
    assert_eq!(
        last["status"]["message"]["parts"][0]["text"],
        "your calendar, please"
    );
    // A subscription stays open meanwhile, and sees what a message to the task sets going.
    let id = &last["taskId"];
    let subscribe =
        json!({"jsonrpc": "2.0", "id": 2, "method": "SubscribeToTask", "params": {"id": id}});
    let mut reply = message("m2", "x");
    reply["taskId"] = id.clone();
    let (stream, _) = futures_util::future::join(
        ask(&world, post("/", subscribe.to_string())),
        rpc(&world, "SendMessage", json!({ "message": reply })),
    )
    .await;
    let events = stream.events();
    assert_eq!(
        events[0].1["result"]["task"]["status"]["state"],
        "TASK_STATE_AUTH_REQUIRED"
    );
    let last = &events.last().unwrap().1["result"]["statusUpdate"]["status"];
    assert_eq!(last["state"], "TASK_STATE_COMPLETED");
}

#[tokio::test]
async fn every_task_has_an_id_that_the_server_made() {
    let world = Rc::new(World::default());
    let mut seen = HashSet::new();
    for n in 0..20 {
        let task = send(&world, &format!("m{n}"), "x").await;
        assert!(seen.insert(task["id"].as_str().unwrap().to_owned()));
    }
    let mut own = message("m99", "x");
    own["taskId"] = json!("an-id-of-my-own");
    for method in ["SendMessage", "SendStreamingMessage"] {
        let answer = rpc(&world, method, json!({ "message": own })).await;
        assert_eq!(answer["error"]["code"], -32001, "{method}");
    }
}

#[tokio::test]
async fn a_conversation_keeps_the_id_that_it_has() {
    let world = Rc::new(World::default());
    // Made by the server, and told, with a task or without.
    let made = send(&world, "m1", "x").await["contextId"].clone();
    assert_eq!(made.as_str().map(str::len), Some(36));
    let direct = rpc(
        &world,
        "SendMessage",
        json!({"message": message("m2", "reply")}),
    )
    .await;
    assert_eq!(
        direct["result"]["message"]["contextId"]
            .as_str()
            .map(str::len),
        Some(36)
    );
    // Brought by the client, and kept.
    for text in ["x", "reply"] {
        let mut own = message(&format!("own {text}"), text);
        own["contextId"] = json!("a conversation of mine");
        let answer = rpc(&world, "SendMessage", json!({ "message": own })).await;
        let result = answer["result"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap();
        assert_eq!(result["contextId"], "a conversation of mine");
    }
    // One that cannot be taken is refused, and no other is made.
    let mut odd = message("odd", "x");
    odd["contextId"] = json!("line\nbreak");
    let refused = rpc(&world, "SendMessage", json!({ "message": odd })).await;
    let violation = &refused["error"]["data"][1]["fieldViolations"][0];
    assert_eq!(violation["field"], "message.contextId");
}

#[tokio::test]
async fn nothing_stale_is_answered_after_a_wait() {
    let world = Rc::new(World::default());
    let sent = send(&world, "m1", "pieces").await;
    let got = rpc(&world, "GetTask", json!({"id": sent["id"]})).await;
    assert_eq!(got["result"], sent);
    assert_eq!(
        sent["artifacts"][0]["parts"].as_array().map(Vec::len),
        Some(3)
    );
}
