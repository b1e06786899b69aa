//! Streams, and which event is final.

use super::*;

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
async fn a_stream_that_cannot_begin_is_one_error() {
    let world = Rc::new(World::default());
    let done = old_send(&world, "m1", "x").await;
    for (method, params, code) in [
        ("tasks/resubscribe", json!({"id": "none"}), -32001),
        ("tasks/resubscribe", json!({}), -32602),
        ("tasks/resubscribe", json!({"id": done["id"]}), -32004),
        ("message/stream", json!({}), -32602),
    ] {
        let got = ask(&world, call(method, &params)).await;
        assert_eq!(got.headers["content-type"], "text/event-stream");
        let events = got.events();
        assert_eq!(events.len(), 1, "{method}");
        assert_eq!(events[0].1["error"]["code"], code, "{method}");
    }
}
