//! The agent whose model does what the message says.

use std::process::Command;
use std::time::{Duration, Instant};

use attache_tests::a2a::Client;
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where the agent runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Host,
    Spin,
}

pub(crate) const PLACES: [Place; 2] = [Place::Host, Place::Spin];

pub(crate) struct Probe {
    pub(crate) server: Server,
    _data: TempDir,
}

impl Probe {
    /// With these config keys.
    pub(crate) fn start(place: Place, config: &[(&str, Value)]) -> Self {
        Self::listening(place, 0, config)
    }

    pub(crate) fn listening(place: Place, port: u16, config: &[(&str, Value)]) -> Self {
        let agent = component("tool-probe").expect("the agent");
        let data = tempfile::tempdir().expect("a folder for the data");
        let config = config.iter().map(|(key, value)| match value {
            Value::String(text) => format!("{key}={text}"),
            value => format!("{key}={value}"),
        });
        let server = match place {
            Place::Host => {
                let mut host = host_command().expect("the host");
                host.arg("serve")
                    .arg(agent)
                    .env("PORT", port.to_string())
                    .env("ATTACHE_DATA_DIR", data.path())
                    .env("ATTACHE_ALLOW_OUTBOUND", "127.0.0.1:*")
                    .env("ATTACHE_OUTBOUND_ALLOW_PRIVATE", "1");
                for pair in config {
                    host.arg("--config").arg(pair);
                }
                Server::start(&mut host, "/health/ready")
            }
            Place::Spin => {
                let adapter = component("attache-spin-adapter").expect("the adapter");
                let mut harness = Command::new(env!("CARGO_BIN_EXE_spin-harness"));
                harness
                    .arg("--agent")
                    .arg(agent)
                    .arg("--adapter")
                    .arg(adapter)
                    .args(["--listen", &format!("127.0.0.1:{port}")])
                    .args(["--allow-outbound", "http://127.0.0.1:*"]);
                for pair in config {
                    harness.args(["--variable", &pair]);
                }
                Server::start(&mut harness, "/.well-known/agent-card.json")
            }
        };
        Self {
            server: server.expect("the probe"),
            _data: data,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.server.url())
    }

    /// The task of a message with these calls, a line of the model each.
    pub(crate) async fn task(&self, calls: &[Value]) -> Value {
        self.send(&script(calls), "").await
    }

    /// The same in a conversation.
    pub(crate) async fn send(&self, text: &str, context_id: &str) -> Value {
        self.client()
            .send(&message(text, context_id))
            .await
            .unwrap()
    }

    /// What the model was given by the calls, and what it was told.
    pub(crate) async fn answer(&self, calls: &[Value]) -> Value {
        answer(&self.task(calls).await)
    }

    /// Waits until the agent has written this.
    pub(crate) async fn logs(&self, words: &str) {
        logs(&self.server, words).await;
    }
}

/// Waits until a server has written this.
pub(crate) async fn logs(server: &Server, words: &str) {
    let begun = Instant::now();
    while !server.output().contains(words) {
        let waited = begun.elapsed();
        let output = server.output();
        assert!(
            waited < Duration::from_secs(60),
            "{words:?} is not in:\n{output}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn script(calls: &[Value]) -> String {
    let lines: Vec<_> = calls.iter().map(Value::to_string).collect();
    lines.join("\n")
}

pub(crate) fn message(text: &str, context_id: &str) -> Value {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut message = json!({
        "messageId": format!("m{number}"),
        "role": "ROLE_USER",
        "parts": [{ "text": text }],
    });
    if !context_id.is_empty() {
        message["contextId"] = json!(context_id);
    }
    json!({ "message": message })
}

/// The text of the artifact `answer`, which is JSON.
pub(crate) fn answer(task: &Value) -> Value {
    let artifacts = task["artifacts"].as_array();
    let found = artifacts.and_then(|all| all.iter().find(|a| a["artifactId"] == "answer"));
    let found = found.unwrap_or_else(|| panic!("no answer: {task}"));
    let parts = found["parts"].as_array().unwrap().iter();
    let text: String = parts.map(|part| part["text"].as_str().unwrap()).collect();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

/// What the agent says of the end of the task.
pub(crate) fn last_words(task: &Value) -> &str {
    task["status"]["message"]["parts"][0]["text"]
        .as_str()
        .unwrap_or_default()
}
