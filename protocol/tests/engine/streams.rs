use std::rc::Rc;

use serde_json::json;

use super::*;

fn streaming(method: &str, params: Value) -> Request<Vec<u8>> {
    post(
        "/",
        json!({"jsonrpc": "2.0", "id": "s", "method": method, "params": params}).to_string(),
    )
}

fn kinds(events: &[(Option<u64>, Value)]) -> Vec<String> {
    events
        .iter()
        .map(|(_, e)| {
            e["result"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .clone()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_the_task_then_every_event_in_order() {
    let world = Rc::new(World::default());
    let request = streaming(
        "SendStreamingMessage",
        json!({"message": message("m1", "pieces")}),
    );
    let got = ask(&world, request).await;
    assert_eq!(got.headers["content-type"], "text/event-stream");
    assert_eq!(got.headers["cache-control"], "no-store");
    let events = got.events();
    let expected = [
        "task",
        "statusUpdate",
        "artifactUpdate",
        "artifactUpdate",
        "artifactUpdate",
        "statusUpdate",
    ];
    assert_eq!(kinds(&events), expected);
    let numbers: Vec<_> = events.iter().map(|(number, _)| number.unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert!(
        events
            .iter()
            .all(|(_, e)| e["id"] == "s" && e["jsonrpc"] == "2.0")
    );
    assert_eq!(
        events[0].1["result"]["task"]["status"]["state"],
        "TASK_STATE_SUBMITTED"
    );
    let chunk = |i: usize| &events[i].1["result"]["artifactUpdate"];
    assert!(chunk(2).get("append").is_none() && chunk(3)["append"] == true);
    assert_eq!(chunk(4)["lastChunk"], true);
    // What was streamed adds up to what is stored.
    let id = &events[0].1["result"]["task"]["id"];
    let task = &rpc(&world, "GetTask", json!({ "id": id })).await["result"];
    assert_eq!(task["artifacts"][0]["parts"].as_array().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_for_a_client_that_sends_its_message_again() {
    let world = Rc::new(World::default());
    let request = || {
        let params = json!({"message": message("m1", "pieces")});
        streaming("SendStreamingMessage", params)
    };
    let whole = ask(&world, request()).await.events();
    let resumed = |last: &'static str| {
        let mut request = request();
        let value = http::HeaderValue::from_static(last);
        request.headers_mut().insert("last-event-id", value);
        request
    };
    for (last, rest) in [("0", 0), ("1", 1), ("4", 4), ("6", 6)] {
        let events = ask(&world, resumed(last)).await.events();
        let numbers = |events: &[(Option<u64>, Value)]| -> Vec<_> {
            events.iter().map(|(number, _)| number.unwrap()).collect()
        };
        assert_eq!(numbers(&events), numbers(&whole[rest..]), "after {last}");
        // The first frame of a new stream is the task; in the log it is the event.
        for (event, before) in events.iter().zip(&whole[rest..]).skip(1) {
            assert_eq!(event, before, "after {last}");
        }
    }
    // A number that the task does not have says nothing about it.
    let events = ask(&world, resumed("7")).await.events();
    assert_eq!(kinds(&events), ["task"]);
    // A message of its own begins a task, whatever the header says.
    let mut other = streaming(
        "SendStreamingMessage",
        json!({"message": message("m2", "pieces")}),
    );
    let value = http::HeaderValue::from_static("3");
    other.headers_mut().insert("last-event-id", value);
    assert_eq!(ask(&world, other).await.events().len(), whole.len());
}

#[tokio::test]
async fn a_direct_answer_is_the_only_event() {
    let world = Rc::new(World::default());
    let request = streaming(
        "SendStreamingMessage",
        json!({"message": message("m1", "reply")}),
    );
    let events = ask(&world, request).await.events();
    assert_eq!(kinds(&events), ["message"]);
    assert_eq!(events[0].0, None);
}

#[tokio::test]
async fn an_error_that_is_known_before_the_first_event_is_plain_json() {
    let world = Rc::new(World::default());
    let request = streaming("SendStreamingMessage", json!({}));
    let got = ask(&world, request).await;
    assert_eq!(got.json()["error"]["code"], -32602);
    for (id, code) in [("none", -32001), ("", -32602)] {
        let got = ask(&world, streaming("SubscribeToTask", json!({ "id": id }))).await;
        assert_eq!(got.json()["error"]["code"], code);
    }
    let done = send(&world, "m1", "x").await;
    let got = ask(
        &world,
        streaming("SubscribeToTask", json!({"id": done["id"]})),
    )
    .await;
    assert_eq!(got.json()["error"]["code"], -32004);
}

/// Sends a message and gives its task at once; the work goes on beside `then`.
async fn during<T>(
    world: &Rc<World>,
    text: &str,
    then: impl AsyncFnOnce(Value) -> T,
) -> (T, Value) {
    let params =
        json!({"message": message("m1", text), "configuration": {"returnImmediately": true}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
    let answer = server(world).handle(post("/", body.to_string())).await;
    let Body::Full(bytes) = answer.response.into_body() else {
        panic!("a whole answer")
    };
    let task: Value = serde_json::from_slice(&bytes).unwrap();
    let id = task["result"]["task"]["id"].clone();
    let (value, ()) = futures_util::future::join(then(id.clone()), answer.after.unwrap()).await;
    let task = rpc(world, "GetTask", json!({ "id": id })).await;
    (value, task["result"].clone())
}

#[tokio::test(start_paused = true)]
async fn subscribers_see_the_task_and_then_the_same_events() {
    let world = Rc::new(World::default());
    let subscribe = |id: &Value| ask(&world, streaming("SubscribeToTask", json!({ "id": id })));
    let ((one, two), _) = during(&world, "work", async |id| {
        futures_util::future::join(subscribe(&id), subscribe(&id)).await
    })
    .await;
    let (one, two) = (one.events(), two.events());
    assert_eq!(one, two);
    assert_eq!(kinds(&one)[0], "task");
    let last = &one.last().unwrap().1["result"]["statusUpdate"]["status"];
    assert_eq!(last["state"], "TASK_STATE_COMPLETED");
    let numbers: Vec<_> = one.iter().map(|(number, _)| number.unwrap()).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_signs_of_life() {
    let world = Rc::new(World::default());
    let request = streaming(
        "SendStreamingMessage",
        json!({"message": message("m1", "work")}),
    );
    let got = ask(&world, request).await;
    let body = String::from_utf8(got.body).unwrap();
    assert!(body.matches(": keep-alive\n\n").count() >= 3, "{body}");
}

#[tokio::test]
async fn a_lost_connection_goes_on_after_the_last_event() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "x").await;
    let mut request = streaming("SubscribeToTask", json!({"id": task["id"]}));
    request
        .headers_mut()
        .insert("last-event-id", "1".parse().unwrap());
    let events = ask(&world, request).await.events();
    let numbers: Vec<_> = events.iter().map(|(number, _)| number.unwrap()).collect();
    assert_eq!(numbers, [2, 3]);
    assert_eq!(kinds(&events), ["artifactUpdate", "statusUpdate"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_outlives_a_question() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let mut answer = message("m2", "x");
    answer["taskId"] = task["id"].clone();
    let (got, _) = futures_util::future::join(
        ask(
            &world,
            streaming("SubscribeToTask", json!({"id": task["id"]})),
        ),
        rpc(&world, "SendMessage", json!({ "message": answer })),
    )
    .await;
    let events = got.events();
    assert_eq!(
        events[0].1["result"]["task"]["status"]["state"],
        "TASK_STATE_INPUT_REQUIRED"
    );
    let last = &events.last().unwrap().1["result"]["statusUpdate"]["status"];
    assert_eq!(last["state"], "TASK_STATE_COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_where_the_task_asks() {
    let world = Rc::new(World::default());
    let request = streaming(
        "SendStreamingMessage",
        json!({"message": message("m1", "ask")}),
    );
    let events = ask(&world, request).await.events();
    let last = &events.last().unwrap().1["result"]["statusUpdate"]["status"];
    assert_eq!(last["state"], "TASK_STATE_INPUT_REQUIRED");
}

#[tokio::test(start_paused = true)]
async fn cancel_ends_the_run_and_its_streams() {
    let world = Rc::new(World::default());
    let ((canceled, stream), task) = during(&world, "forever", async |id| {
        let cancel = rpc(&world, "CancelTask", json!({ "id": id }));
        let stream = ask(&world, streaming("SubscribeToTask", json!({ "id": id })));
        futures_util::future::join(cancel, stream).await
    })
    .await;
    assert_eq!(canceled["result"]["status"]["state"], "TASK_STATE_CANCELED");
    assert_eq!(task["status"]["state"], "TASK_STATE_CANCELED");
    let events = stream.events();
    let last = &events.last().unwrap().1["result"]["statusUpdate"]["status"];
    assert_eq!(last["state"], "TASK_STATE_CANCELED");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_stop_loses_its_task() {
    let world = Rc::new(World::default());
    let params =
        json!({"message": message("m1", "work"), "configuration": {"returnImmediately": true}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
    let answer = server(&world).handle(post("/", body.to_string())).await;
    let Body::Full(bytes) = answer.response.into_body() else {
        panic!("a whole answer")
    };
    let task: Value = serde_json::from_slice(&bytes).unwrap();
    let id = &task["result"]["task"]["id"];
    // Nobody drives the run now, as if it were busy.
    let canceled = rpc(&world, "CancelTask", json!({ "id": id })).await;
    assert_eq!(canceled["result"]["status"]["state"], "TASK_STATE_CANCELED");
    answer.after.unwrap().await;
    let task = rpc(&world, "GetTask", json!({ "id": id })).await;
    assert_eq!(task["result"]["status"]["state"], "TASK_STATE_CANCELED");
}

#[tokio::test]
async fn what_rests_can_be_cancelled_and_what_has_ended_cannot() {
    let world = Rc::new(World::default());
    let waiting = send(&world, "m1", "ask").await;
    let canceled = rpc(&world, "CancelTask", json!({"id": waiting["id"]})).await;
    assert_eq!(canceled["result"]["status"]["state"], "TASK_STATE_CANCELED");
    let again = rpc(&world, "CancelTask", json!({"id": waiting["id"]})).await;
    assert_eq!(again["error"]["code"], -32002);
    let unknown = rpc(&world, "CancelTask", json!({"id": "none"})).await;
    assert_eq!(unknown["error"]["code"], -32001);
}

#[tokio::test]
async fn a_lost_run_is_failed_with_a_sentence() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let id = task["id"].as_str().unwrap();
    server(&world).resume("", id).await.unwrap();
    let task = rpc(&world, "GetTask", json!({ "id": id })).await["result"].clone();
    assert_eq!(task["status"]["state"], "TASK_STATE_FAILED");
    let words = task["status"]["message"]["parts"][0]["text"]
        .as_str()
        .unwrap();
    assert!(words.contains("Send the message again"), "{words}");
    // A task that has ended stays as it is.
    server(&world).resume("", id).await.unwrap();
}
