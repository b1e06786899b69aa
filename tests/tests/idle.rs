//! Waiting costs nothing: a subscriber of a task that waits for its client does not keep the host busy.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::time::Duration;

use attache_tests::guests::component;
use attache_tests::server::Server;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

/// How long the host is watched, and how many hundredths of a second of it it may work: a busy loop
/// takes all of them on at least one core.
const WATCHED: Duration = Duration::from_secs(3);
const HUNDREDTHS: u64 = 75;

#[tokio::test]
async fn a_subscriber_of_a_waiting_task_costs_nothing() {
    let agent = component("tck-agent").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");
    let http = reqwest::Client::new();
    let post = |method: &str, params: Value| {
        http.post(format!("{}/", server.url()))
            .header("A2A-Version", "1.0")
            .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    };
    let message = json!({
        "messageId": "tck-input-required", "role": "ROLE_USER", "parts": [{ "text": "hi" }],
    });
    let sent = post("SendMessage", json!({ "message": message }))
        .send()
        .await
        .expect("an answer");
    let sent: Value = sent.json().await.expect("JSON");
    let task = &sent["result"]["task"];
    assert_eq!(task["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
    let subscription = post("SubscribeToTask", json!({ "id": task["id"] }))
        .send()
        .await;
    let mut events = subscription.expect("a stream").bytes_stream();
    let first = events.next().await.expect("an event").expect("bytes");
    assert!(first.starts_with(b"id: "), "{first:?}");

    let before = server.processor_time().expect("a running host");
    // The time is what is measured here, not what is waited for.
    tokio::time::sleep(WATCHED).await;
    let used = server.processor_time().expect("a running host") - before;
    assert!(
        used < HUNDREDTHS,
        "{used} hundredths of a second of {WATCHED:?}"
    );
}
