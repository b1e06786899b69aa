//! Work that goes on in another run: dispatched, or taken up after a run was lost.

use std::rc::Rc;

use serde_json::json;
use tokio::time::{Instant, timeout};

use super::*;

/// What clients may ask for beside their message.
fn terms() -> Value {
    json!({
        "modes": ["application/json"],
        "extensions": ["urn:optional"],
        "metadata": {"of": "the client"},
    })
}

/// SendMessage with all of it.
fn asking(message: Value, at_once: bool) -> Request<Vec<u8>> {
    let params = json!({
        "message": message,
        "configuration": {
            "acceptedOutputModes": ["application/json"],
            "returnImmediately": at_once,
        },
        "metadata": {"of": "the client"},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
    let mut request = post("/", body.to_string());
    let extension = "urn:optional".parse().unwrap();
    request.headers_mut().insert("a2a-extensions", extension);
    request
}

/// Sends a message to be worked on elsewhere: the id of its task.
async fn dispatch(world: &Rc<World>, text: &str) -> String {
    world.elsewhere.set(true);
    let answer = server(world)
        .handle(asking(message("m1", text), true))
        .await;
    assert!(answer.after.is_none(), "this instance goes on with it");
    let task = finish(answer).await.json()["result"]["task"].clone();
    assert_eq!(task["status"]["state"], "TASK_STATE_SUBMITTED");
    task["id"].as_str().unwrap().to_owned()
}

/// Sends a message whose run is lost after so many seconds: the id of its task.
async fn lose(world: &Rc<World>, message: Value, seconds: u64) -> String {
    let lost = timeout(
        Duration::from_secs(seconds),
        ask(world, asking(message, false)),
    );
    assert!(lost.await.is_err(), "it had ended by then");
    let tasks = rpc(world, "ListTasks", json!({})).await["result"]["tasks"].clone();
    let id = tasks[0]["id"].as_str().unwrap().to_owned();
    Memory::new(world).hand_over(&id);
    id
}

/// What the host does next; the task after it.
async fn call_back(world: &Rc<World>, id: &str) -> Value {
    Memory::new(world).hand_over(id);
    server(world).resume("", id).await.unwrap();
    task(world, id).await
}

async fn task(world: &Rc<World>, id: &str) -> Value {
    rpc(world, "GetTask", json!({ "id": id })).await["result"].clone()
}

fn words(task: &Value) -> &Value {
    &task["status"]["message"]["parts"][0]
}

fn texts(task: &Value) -> Vec<&str> {
    let parts = task["artifacts"][0]["parts"].as_array().unwrap();
    parts.iter().map(|p| p["text"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn dispatched_work_begins_elsewhere_on_the_same_terms() {
    let world = Rc::new(World::default());
    // An agent that takes up nothing that was lost works on what nobody has begun.
    let id = dispatch(&world, "terms").await;
    let task = call_back(&world, &id).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    let mut expected = terms();
    expected["resumed"] = json!(false);
    expected["left"] = Value::Null;
    assert_eq!(words(&task)["data"], expected);
    assert_eq!(task["history"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dispatched_run_that_was_lost_is_like_any_other() {
    let world = Rc::new(World::default());
    let id = dispatch(&world, "terms").await;
    Memory::new(&world).hand_over(&id);
    let resumed = timeout(Duration::from_secs(5), async {
        server(&world).resume("", &id).await
    });
    assert!(resumed.await.is_err(), "it had ended by then");
    let task = call_back(&world, &id).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_FAILED");
    let sentence = words(&task)["text"].as_str().unwrap();
    assert!(sentence.contains("Send the message again"), "{sentence}");
}

#[tokio::test(start_paused = true)]
async fn a_message_waits_for_dispatched_work_and_a_cancel_does_not() {
    let world = Rc::new(World::default());
    let id = dispatch(&world, "terms").await;
    let mut more = message("m2", "x");
    more["taskId"] = json!(id);
    let answer = rpc(&world, "SendMessage", json!({ "message": more })).await;
    assert_eq!(answer["error"]["code"], -32004);
    let began = Instant::now();
    let canceled = rpc(&world, "CancelTask", json!({ "id": id })).await;
    assert_eq!(canceled["result"]["status"]["state"], "TASK_STATE_CANCELED");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "nobody has to stop"
    );
    let task = call_back(&world, &id).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_CANCELED");
}

#[tokio::test(start_paused = true)]
async fn a_lost_run_goes_on_from_its_checkpoint() {
    let world = Rc::new(World::default());
    for (number, seconds) in [2, 3, 4].into_iter().enumerate() {
        let message = message(&format!("m{number}"), "count");
        let id = lose(&world, message, seconds).await;
        let before = task(&world, &id).await;
        let done = texts(&before).len();
        let after = call_back(&world, &id).await;
        assert_eq!(after["status"]["state"], "TASK_STATE_COMPLETED");
        assert_eq!(texts(&after), ["0", "1", "2", "3", "4"]);
        assert_eq!(words(&after)["text"], format!("from {done}, resumed true"));
    }
    let whole = send(&world, "m9", "count").await;
    assert_eq!(words(&whole)["text"], "from 0, resumed false");
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_and_what_is_emitted_after_it_are_one_write() {
    let world = Rc::new(World::default());
    send(&world, "m1", "count").await;
    // Beside the creation: four pieces, and the last with the end.
    assert_eq!(world.writes.get(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_stored_when_the_agent_waits() {
    let world = Rc::new(World::default());
    let id = lose(&world, message("m1", "count silently"), 1).await;
    let after = call_back(&world, &id).await;
    // The one that was too large changed nothing.
    assert_eq!(words(&after)["data"], "small");
    let id = lose(&world, message("m2", "count silently"), 1001).await;
    let after = call_back(&world, &id).await;
    assert_eq!(words(&after)["data"], Value::Null, "taken back");
}

#[tokio::test(start_paused = true)]
async fn a_lost_run_is_taken_up_on_the_same_terms() {
    let world = Rc::new(World::default());
    let mut expected = terms();
    expected["resumed"] = json!(true);
    expected["left"] = Value::Null;
    let id = lose(&world, message("m1", "terms, please"), 5).await;
    let after = call_back(&world, &id).await;
    assert_eq!(words(&after)["data"], expected);

    // So is the next turn of a task.
    let waiting = send(&world, "m2", "ask").await;
    let mut next = message("m3", "terms, please");
    next["taskId"] = waiting["id"].clone();
    let id = lose(&world, next, 5).await;
    assert_eq!(waiting["id"], id.as_str());
    let after = call_back(&world, &id).await;
    assert_eq!(words(&after)["data"], expected);
}

#[tokio::test(start_paused = true)]
async fn a_new_message_knows_nothing_of_a_run_that_was_lost_before_it() {
    let world = Rc::new(World::default());
    let id = lose(&world, message("m1", "count"), 3).await;
    let mut next = message("m2", "count silently");
    next["taskId"] = json!(id);
    let params = json!({ "message": next });
    let lost = timeout(Duration::from_millis(1), rpc(&world, "SendMessage", params));
    assert!(lost.await.is_err());
    let next = json!({"messageId": "m3", "role": "ROLE_USER", "taskId": id, "parts": [
        {"text": "terms, please"}
    ]});
    Memory::new(&world).hand_over(&id);
    let lost = timeout(
        Duration::from_secs(5),
        rpc(&world, "SendMessage", json!({ "message": next })),
    );
    assert!(lost.await.is_err());
    let after = call_back(&world, &id).await;
    let said = json!({
        "modes": [], "extensions": [], "metadata": null, "resumed": true, "left": null,
    });
    assert_eq!(words(&after)["data"], said);
}

#[tokio::test(start_paused = true)]
async fn terms_that_cannot_be_kept_keep_the_work_here() {
    let world = Rc::new(World::default());
    world.elsewhere.set(true);
    let send = |text: &str| {
        let params = json!({
            "message": message(text, text),
            "configuration": {"returnImmediately": true},
            "metadata": {"large": "x".repeat(1024 * 1024)},
        });
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
        post("/", body.to_string())
    };
    let answer = server(&world).handle(send("terms")).await;
    assert!(answer.after.is_some());
    // An agent that may have to go by them later does not begin without.
    let refused = ask(&world, send("terms, please")).await.json();
    assert_eq!(refused["error"]["code"], -32602);
    let why = refused["error"]["message"].as_str().unwrap();
    assert!(why.contains("the limit is 1048576"), "{why}");
}
