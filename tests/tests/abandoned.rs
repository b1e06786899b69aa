//! A host whose clients have all gone away does nothing: no stream that they left behind, and no task
//! that waits for them, keeps it busy.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::time::{Duration, Instant};

use attache_tests::guests::component;
use attache_tests::server::Server;
use serde_json::{Value, json};

/// The longest work that a client leaves behind takes some five seconds.
const QUIET_WITHIN: Duration = Duration::from_secs(60);

fn message(prefix: &str) -> Value {
    json!({ "message": {
        "messageId": format!("{prefix}-idle"),
        "role": "ROLE_USER",
        "parts": [{ "text": "hello" }],
    } })
}

async fn post(url: String, body: &Value) -> reqwest::Response {
    reqwest::Client::new()
        .post(url)
        .header("A2A-Version", "1.0")
        .json(body)
        .send()
        .await
        .expect("an answer")
}

#[tokio::test]
async fn a_host_that_everybody_left_is_quiet() {
    let agent = component("tck-agent").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");

    // A stream over a task that waits for input, one over a task in work, one that began the work.
    let waiting: Value = post(
        format!("{}/message:send", server.url()),
        &message("tck-input-required"),
    )
    .await
    .json()
    .await
    .expect("JSON");
    let id = waiting["task"]["id"].as_str().expect("an id");
    for (path, body) in [
        (format!("/tasks/{id}:subscribe"), Value::Null),
        (
            "/message:stream".to_owned(),
            message("test-resubscribe-message-id"),
        ),
        ("/message:stream".to_owned(), message("tck-slow")),
    ] {
        let mut stream = post(format!("{}{path}", server.url()), &body).await;
        assert!(stream.status().is_success(), "{path}: {}", stream.status());
        assert!(
            stream.chunk().await.expect("a stream").is_some(),
            "{path}: no event"
        );
    }

    let deadline = Instant::now() + QUIET_WITHIN;
    loop {
        let before = server.processor_time().expect("a running host");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let spent = server.processor_time().expect("a running host") - before;
        if spent <= 3 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "after {QUIET_WITHIN:?} the host still spends {spent} % of a processor; it wrote:\n{}",
            server.output()
        );
    }
}
