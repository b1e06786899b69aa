//! What an agent sets of its task's metadata.

use std::rc::Rc;

use serde_json::json;

use super::*;

/// Does what is said about metadata.
pub async fn run(text: &str, context: &mut Context) -> Option<Result<Outcome, Failure>> {
    match text {
        "metadata twice" => {
            context.set_metadata("urn:n", json!({"n": 1}));
            context.working("one").await;
            context.sleep(Duration::from_secs(1)).await;
            context.set_metadata("urn:n", json!({"n": 2}));
            context.artifact(Artifact::text("a", "x")).await;
            context.sleep(Duration::from_secs(1)).await;
            Some(Ok(Outcome::completed_with("two")))
        }
        "metadata at the end" => {
            context.set_metadata("urn:n", json!(3));
            Some(Err(Failure::new("It broke.")))
        }
        "metadata directly" => {
            context.set_metadata("urn:n", json!(4));
            Some(Ok(Outcome::message("directly")))
        }
        "metadata, too much" => {
            context.set_metadata("urn:n", json!(5));
            context.working("so far").await;
            context.set_metadata("urn:n", json!("x".repeat(65 * 1024)));
            Some(Ok(Outcome::completed()))
        }
        "metadata, too deep" => {
            let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
            context.set_metadata("urn:n", deep);
            Some(Ok(Outcome::completed()))
        }
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_is_in_the_next_status_and_in_the_task() {
    let world = Rc::new(World::default());
    let params = json!({"message": message("m1", "metadata twice")});
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": params});
    let events = ask(&world, post("/", body.to_string())).await.events();
    let told: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| event["result"].get("statusUpdate"))
        .map(|update| update["metadata"].clone())
        .collect();
    assert_eq!(
        told,
        [json!({"urn:n": {"n": 1}}), json!({"urn:n": {"n": 2}})]
    );
    let id = &events[0].1["result"]["task"]["id"];
    let task = &rpc(&world, "GetTask", json!({ "id": id })).await["result"];
    assert_eq!(task["metadata"], json!({"urn:n": {"n": 2}}));
}

#[tokio::test(start_paused = true)]
async fn metadata_is_stored_with_whatever_is_emitted_next() {
    let world = Rc::new(World::default());
    let params = json!({
        "message": message("m1", "metadata twice"),
        "configuration": {"returnImmediately": true},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
    let sent = server(&world).handle(post("/", body.to_string())).await;
    let later = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let listed = rpc(&world, "ListTasks", json!({})).await["result"]["tasks"][0].clone();
        assert_eq!(listed["status"]["state"], "TASK_STATE_WORKING");
        assert_eq!(listed["metadata"], json!({"urn:n": {"n": 2}}));
    };
    futures_util::future::join(finish(sent), later).await;
}

#[tokio::test]
async fn metadata_of_the_end_is_in_the_answer() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "metadata at the end").await;
    assert_eq!(task["status"]["state"], "TASK_STATE_FAILED");
    assert_eq!(task["metadata"], json!({"urn:n": 3}));
    let params = json!({"message": message("m2", "metadata directly")});
    let answer = rpc(&world, "SendMessage", params).await;
    assert_eq!(answer["result"]["message"]["metadata"], json!({"urn:n": 4}));
}

#[tokio::test]
async fn more_metadata_than_may_be_fails_the_task_and_keeps_the_last_that_was_set() {
    let world = Rc::new(World::default());
    for (text, says, left) in [
        (
            "metadata, too much",
            "the limit is 65536",
            json!({"urn:n": 5}),
        ),
        ("metadata, too deep", "deeper than 32", Value::Null),
    ] {
        let task = send(&world, text, text).await;
        assert_eq!(task["status"]["state"], "TASK_STATE_FAILED", "{task}");
        let sentence = task["status"]["message"]["parts"][0]["text"].as_str();
        assert!(sentence.unwrap().contains(says), "{task}");
        assert_eq!(task["metadata"], left);
    }
}
