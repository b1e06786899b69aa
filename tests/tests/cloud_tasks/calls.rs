//! What the queue is asked for, and what its calls do.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixture::{Fixture, PUBLIC_URL, message, pieces, rpc, text};
use attache_tests::metadata::{ACCESS_TOKEN, EMAIL};

#[tokio::test(flavor = "multi_thread")]
async fn work_that_nobody_waits_for_is_done_in_a_call() {
    let fixture = Fixture::start().await;
    let sent = fixture.send("tck-resume", "3").await;
    assert_eq!(sent["status"]["state"], "TASK_STATE_SUBMITTED");
    let waiting = fixture.task(&sent["id"]).await;
    assert_eq!(waiting["status"]["state"], "TASK_STATE_SUBMITTED");
    fixture.call();
    let task = fixture.task_in(&sent["id"], "TASK_STATE_COMPLETED").await;
    assert_eq!(text(&task), pieces(3));
    // As the client asked, although the call says nothing of it.
    let told = &task["status"]["message"]["parts"][0]["data"];
    assert_eq!(told["acceptedOutputModes"], json!(["application/json"]));
    assert_eq!(told["metadata"], json!({"of": "the client"}));
    assert_eq!(told["resumed"], false);

    fixture
        .until("the call is answered", |queue| {
            queue.seen().calls.len() == 1
        })
        .await;
    let seen = fixture.queue.seen();
    assert_eq!(seen.calls, [Some(200)]);
    let [asked] = seen.tasks.as_slice() else {
        panic!("one task: {seen:?}");
    };
    let request = &asked.http_request;
    assert_eq!(request.url, format!("{PUBLIC_URL}/internal/tasks/run"));
    assert_eq!(request.oidc_token.service_account_email, EMAIL);
    assert_eq!(request.oidc_token.audience.as_deref(), Some(PUBLIC_URL));
    let body: Value = serde_json::from_slice(&request.body()).unwrap();
    let token = body["token"].as_str().unwrap();
    assert!(!asked.name.contains(token), "names are shown");
    let output = fixture.host.output();
    assert!(!output.contains(token) && !output.contains(ACCESS_TOKEN));
    assert!(output.contains("is taken up for call"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_somebody_waits_for_stays() {
    let fixture = Fixture::start().await;
    let params = json!({ "message": message("tck-complete-task", "x") });
    let answer = rpc(&fixture.host, "SendMessage", params.clone()).await;
    let state = &answer["result"]["task"]["status"]["state"];
    assert_eq!(*state, "TASK_STATE_COMPLETED");
    let stream = reqwest::Client::new()
        .post(format!("{}/message:stream", fixture.host.url()))
        .header("A2A-Version", "1.0")
        .json(&params)
        .send()
        .await
        .unwrap();
    let events = stream.text().await.unwrap();
    assert!(events.contains("TASK_STATE_COMPLETED"), "{events}");
    assert!(fixture.queue.seen().requests.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_at_once_make_one_run() {
    let fixture = Fixture::start().await;
    fixture.queue.call_in_copies(2);
    let sent = fixture.send("tck-slow", "x").await;
    fixture.call();
    let task = fixture.task_in(&sent["id"], "TASK_STATE_COMPLETED").await;
    assert_eq!(text(&task), pieces(10));
    let done = |calls: &[Option<u16>]| calls.iter().filter(|call| **call == Some(200)).count();
    fixture
        .until("both are answered", |queue| done(&queue.seen().calls) == 2)
        .await;
    // The second was told to come again until there was nothing to do.
    let calls = fixture.queue.seen().calls;
    assert!(calls.contains(&Some(503)), "{calls:?}");
    assert!(
        calls.iter().all(|call| matches!(call, Some(200 | 503))),
        "{calls:?}"
    );
    let runs = fixture
        .host
        .output()
        .matches("is taken up for call")
        .count();
    assert_eq!(runs, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_canceled_at_once_before_it_was_called_for() {
    let fixture = Fixture::start().await;
    let sent = fixture.send("tck-slow", "x").await;
    let began = Instant::now();
    let canceled = rpc(&fixture.host, "CancelTask", json!({ "id": sent["id"] })).await;
    assert_eq!(canceled["result"]["status"]["state"], "TASK_STATE_CANCELED");
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "there is no run to wait for"
    );
    fixture.call();
    fixture
        .until("the call is answered", |queue| {
            !queue.seen().calls.is_empty()
        })
        .await;
    assert_eq!(fixture.queue.seen().calls, [Some(200)]);
    let task = fixture.task(&sent["id"]).await;
    assert_eq!(task, canceled["result"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_message_waits_for_the_call() {
    let fixture = Fixture::start().await;
    let sent = fixture.send("tck-input-required", "first").await;
    let mut next = message("tck-complete-task", "second");
    next["taskId"] = sent["id"].clone();
    let next = rpc(&fixture.host, "SendMessage", json!({ "message": next }));
    let calling = async {
        // Long enough to be refused, if it did not wait.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let waiting = fixture.task(&sent["id"]).await;
        assert_eq!(waiting["status"]["state"], "TASK_STATE_SUBMITTED");
        fixture.call();
    };
    let (answer, ()) = tokio::join!(next, calling);
    let task = &answer["result"]["task"];
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{answer}");
    let texts: Vec<_> = task["history"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "ROLE_USER")
        .map(|message| message["parts"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_token_of_the_queue_has_something_done() {
    let fixture = Fixture::start().await;
    let sent = fixture.send("tck-complete-task", "x").await;
    let url = format!("{}/internal/tasks/run", fixture.host.url());
    let http = reqwest::Client::new();
    let post = async |body: &str| {
        let answer = http.post(&url).body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let nothing = (200, r#"{"status":"nothing to do"}"#.to_owned());
    let id = sent["id"].as_str().unwrap();
    for token in ["", id, &"A".repeat(32), &"é".repeat(16), &"x".repeat(2000)] {
        let body = json!({ "token": token }).to_string();
        assert_eq!(post(&body).await, nothing, "{token}");
    }
    for body in ["", "x", "{}", r#"{"token":7}"#, &"x".repeat(5000)] {
        let (status, text) = post(body).await;
        assert_eq!(status, 400, "{text}");
    }
    // A task of this name is the agent's to tell of.
    let answer = http.get(&url).header("A2A-Version", "1.0").send().await;
    let answer = answer.unwrap().text().await.unwrap();
    assert!(answer.contains("TASK_NOT_FOUND"), "{answer}");
    let task = fixture.task(&sent["id"]).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_SUBMITTED");
}
