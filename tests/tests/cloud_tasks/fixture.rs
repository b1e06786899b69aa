//! A host with a queue, and a client of it.

use std::process::Command;
use std::time::{Duration, Instant};

use attache_tests::guests::component;
use attache_tests::server::{Server, ServerError, host_command};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::queue::{QUEUE, Queue};
use attache_tests::metadata;

pub(crate) const PUBLIC_URL: &str = "https://agent.test";
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Fixture {
    pub(crate) queue: Queue,
    pub(crate) host: Server,
    metadata: String,
    data: TempDir,
}

impl Fixture {
    /// A host that dispatches to a queue that is paused.
    pub(crate) async fn start() -> Self {
        let queue = Queue::start().await;
        let metadata = metadata::start().await;
        let data = tempfile::tempdir().unwrap();
        let host = serve(&mut dispatching(&metadata, &queue, &data)).unwrap();
        Self {
            queue,
            host,
            metadata,
            data,
        }
    }

    /// Lets the queue call.
    pub(crate) fn call(&self) {
        self.queue.resume(self.host.url());
    }

    /// Another host in the place of one that is gone.
    pub(crate) fn restart(&mut self) {
        let mut command = dispatching(&self.metadata, &self.queue, &self.data);
        self.host = serve(&mut command).unwrap();
    }

    /// Sends a message without waiting for its task, which is returned as it was told.
    pub(crate) async fn send(&self, id: &str, text: &str) -> Value {
        let params = json!({
            "message": message(id, text),
            "configuration": {
                "returnImmediately": true,
                "acceptedOutputModes": ["application/json"],
            },
            "metadata": {"of": "the client"},
        });
        rpc(&self.host, "SendMessage", params).await["result"]["task"].clone()
    }

    pub(crate) async fn task(&self, id: &Value) -> Value {
        rpc(&self.host, "GetTask", json!({ "id": id })).await["result"].clone()
    }

    /// The task once it is in this state.
    pub(crate) async fn task_in(&self, id: &Value, state: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let task = self.task(id).await;
            if task["status"]["state"] == state {
                return task;
            }
            assert!(
                Instant::now() < deadline,
                "{state} is not reached: {task:#}\n{:#?}\n{}",
                self.queue.seen(),
                self.host.output()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for what the queue has seen.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Queue) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.queue) {
            assert!(
                Instant::now() < deadline,
                "{what}: {:#?}\n{}",
                self.queue.seen(),
                self.host.output()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn dispatching(metadata: &str, queue: &Queue, data: &TempDir) -> Command {
    let mut command = on(metadata, queue);
    command
        .env("ATTACHE_DATA_DIR", data.path())
        .env("ATTACHE_DISPATCH", "cloud-tasks")
        .env("ATTACHE_TASKS_QUEUE", QUEUE)
        .env("ATTACHE_PUBLIC_URL", PUBLIC_URL);
    command
}

/// A host that knows these servers, and nothing more.
pub(crate) fn on(metadata: &str, queue: &Queue) -> Command {
    let mut command = host_command().unwrap();
    command
        .arg("serve")
        .arg(component("tck-agent").unwrap())
        .env("GCE_METADATA_HOST", metadata)
        .env("ATTACHE_CLOUD_TASKS_URL", queue.url());
    command
}

pub(crate) fn serve(command: &mut Command) -> Result<Server, ServerError> {
    Server::start(command, "/health/ready")
}

pub(crate) fn message(id: &str, text: &str) -> Value {
    json!({"messageId": id, "role": "ROLE_USER", "parts": [{ "text": text }]})
}

pub(crate) async fn rpc(host: &Server, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = reqwest::Client::new()
        .post(format!("{}/", host.url()))
        .header("A2A-Version", "1.0")
        .json(&body)
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

/// The text of a task's only artifact.
pub(crate) fn text(task: &Value) -> String {
    let parts = task["artifacts"][0]["parts"].as_array();
    let parts = parts.into_iter().flatten();
    parts.filter_map(|part| part["text"].as_str()).collect()
}

/// The pieces that `tck-resume` and `tck-slow` emit.
pub(crate) fn pieces(count: u32) -> String {
    (0..count).map(|piece| format!("{piece} ")).collect()
}
