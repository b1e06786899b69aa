//! An answer is a promise: what a client was told before the host was killed, a new host still says.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use attache_tests::guests::component;
use attache_tests::server::Server;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Clients that send at the same time, so that the kill falls between any two steps of a send.
const CLIENTS: usize = 8;
/// Answers to wait for before the kill.
const ANSWERS: usize = 200;

/// The answered tasks: id to the `Task` as it came.
type Answered = Arc<Mutex<HashMap<String, Value>>>;

async fn call(http: &reqwest::Client, url: &str, method: &str, params: Value) -> Option<Value> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = http
        .post(url)
        .header("A2A-Version", "1.0")
        .json(&body)
        .send()
        .await
        .ok()?;
    let mut answer: Value = answer.json().await.ok()?;
    Some(answer["result"].take())
}

/// Sends until the host is gone.
async fn send_on_and_on(url: String, client: usize, answered: Answered) {
    let http = reqwest::Client::new();
    for number in 0.. {
        let prefix = [
            "tck-artifact-data",
            "tck-complete-task",
            "tck-input-required",
        ][number % 3];
        let message = json!({
            "messageId": format!("{prefix}-{client}-{number}"),
            "role": "ROLE_USER",
            "parts": [{ "text": format!("{number} of {client}: æøå 🛰️") }],
        });
        let Some(mut result) =
            call(&http, &url, "SendMessage", json!({ "message": message })).await
        else {
            return;
        };
        let task = result["task"].take();
        let id = task["id"].as_str().expect("a task with an id").to_owned();
        answered.lock().await.insert(id, task);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_task_outlives_the_host() {
    let agent = component("tck-agent").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let mut server = Server::host(&agent, data.path()).expect("the host");

    let answered = Answered::default();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let url = format!("{}/", server.url());
        clients.spawn(send_on_and_on(url, client, answered.clone()));
    }
    tokio::time::timeout(Duration::from_secs(120), async {
        while answered.lock().await.len() < ANSWERS {
            assert!(
                clients.try_join_next().is_none(),
                "a client ended: {}",
                server.output()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .expect("so many answers within two minutes");
    server.kill();
    while let Some(client) = clients.join_next().await {
        client.expect("a client that saw the host go");
    }

    let server = Server::host(&agent, data.path()).expect("the host, started again");
    let url = format!("{}/", server.url());
    let http = reqwest::Client::new();
    let answered = answered.lock().await;
    for (id, before) in answered.iter() {
        let after = call(&http, &url, "GetTask", json!({ "id": id }))
            .await
            .expect("an answer");
        assert_eq!(after.to_string(), before.to_string(), "task {id}");
    }

    // The tasks that were asked for and not answered are the only others, one per client at most.
    let listed = call(&http, &url, "ListTasks", json!({ "pageSize": 1 }))
        .await
        .expect("an answer");
    let total = usize::try_from(listed["totalSize"].as_u64().expect("a total")).expect("a count");
    assert!(
        (answered.len()..=answered.len() + CLIENTS).contains(&total),
        "{total} tasks are stored, {} were answered",
        answered.len()
    );
}
