//! `docs/migration.md`: the agent in Python and the one in Rust that it compares are those in
//! `examples/converter`, and answer alike.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::net::TcpListener;

use attache_tests::clients::python;
use attache_tests::guests::{component, workspace};
use attache_tests::server::Server;
use serde_json::{Value, json};

#[test]
fn the_page_has_both_agents_as_they_are() {
    let page = fs::read_to_string(workspace().join("docs/migration.md")).unwrap();
    for (file, language) in [("src/lib.rs", "rust"), ("agent.py", "python")] {
        let agent = fs::read_to_string(workspace().join("examples/converter").join(file)).unwrap();
        let block = format!("```{language}\n{}\n```", agent.trim_end());
        assert!(
            page.contains(&block),
            "{file} differs from what the page shows"
        );
    }
}

/// The state, the artifacts' texts and the words of the last status.
async fn asked(url: &str, text: &str) -> Value {
    let message = json!({
        "messageId": text, "role": "ROLE_USER", "parts": [{"text": text}],
    });
    let answer = reqwest::Client::new()
        .post(url)
        .header("A2A-Version", "1.0")
        .json(&json!({
            "jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message},
        }))
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    let task = &answer["result"]["task"];
    json!([
        task["status"]["state"],
        task["artifacts"][0]["artifactId"],
        task["artifacts"][0]["parts"],
        task["status"]["message"]["parts"],
    ])
}

#[tokio::test]
async fn both_agents_answer_alike() {
    let data = tempfile::tempdir().unwrap();
    let rust = Server::host(&component("converter-agent").unwrap(), data.path()).unwrap();
    // The agent is shown as one would write it, so it takes a port and not a socket.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut program = python().unwrap();
    program
        .arg(workspace().join("examples/converter/agent.py"))
        .arg(port.to_string());
    let python = Server::start(&mut program, "/.well-known/agent-card.json").unwrap();
    for text in ["20 C", "-40 F", "98.6F", "20", "hot", "20 K", "°"] {
        let ours = asked(&format!("{}/", rust.url()), text).await;
        let theirs = asked(&format!("{}/", python.url()), text).await;
        assert_eq!(ours, theirs, "{text:?}");
        assert!(ours[0].is_string(), "{text:?}: {ours}");
    }
}
