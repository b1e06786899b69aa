//! The official Python and JavaScript clients, over both bindings, under the host, under the
//! Spin-shaped harness, and against the official Python server: the same checks everywhere.
//!
//! The last of the three shows that the checks are right.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::process::Command;

use attache_tests::clients::{python, run_node, run_python};
use attache_tests::guests::component;
use attache_tests::server::Server;

#[derive(Clone, Copy)]
enum Client {
    Python,
    JavaScript,
}

impl Client {
    fn run(self, server: &Server, binding: &str) {
        let verdict = match self {
            Self::Python => run_python("a2a_scenarios.py", &[server.url(), "--binding", binding]),
            Self::JavaScript => run_node("a2a_scenarios.mjs", &[server.url(), binding]),
        };
        let said = server.output();
        if let Err(error) = verdict {
            panic!("{error}\nthe server said:\n{}", tail(&said, 40));
        }
        assert!(!said.contains("panicked"), "the server panicked:\n{said}");
    }
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn under_the_host(client: Client, binding: &str) {
    let agent = component("tck-agent").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");
    client.run(&server, binding);
}

fn under_spin(client: Client, binding: &str) {
    let agent = component("tck-agent").expect("the agent");
    let adapter = component("attache-spin-adapter").expect("the adapter");
    let mut harness = Command::new(env!("CARGO_BIN_EXE_spin-harness"));
    harness
        .arg("--agent")
        .arg(agent)
        .arg("--adapter")
        .arg(adapter)
        .args(["--variable", "attache_idempotency_window=0"]);
    let server = Server::start(&mut harness, "/.well-known/agent-card.json").expect("the harness");
    client.run(&server, binding);
}

fn against_the_reference(client: Client, binding: &str) {
    let mut reference = python().expect("python");
    reference.args(["reference_server.py", "0"]);
    let server = Server::start(&mut reference, "/.well-known/agent-card.json").expect("the server");
    client.run(&server, binding);
}

#[test]
fn python_over_jsonrpc_under_the_host() {
    under_the_host(Client::Python, "jsonrpc");
}

#[test]
fn python_over_rest_under_the_host() {
    under_the_host(Client::Python, "rest");
}

#[test]
fn javascript_over_jsonrpc_under_the_host() {
    under_the_host(Client::JavaScript, "jsonrpc");
}

#[test]
fn javascript_over_rest_under_the_host() {
    under_the_host(Client::JavaScript, "rest");
}

#[test]
fn python_over_jsonrpc_under_spin() {
    under_spin(Client::Python, "jsonrpc");
}

#[test]
fn python_over_rest_under_spin() {
    under_spin(Client::Python, "rest");
}

#[test]
fn javascript_over_jsonrpc_under_spin() {
    under_spin(Client::JavaScript, "jsonrpc");
}

#[test]
fn javascript_over_rest_under_spin() {
    under_spin(Client::JavaScript, "rest");
}

#[test]
fn python_over_jsonrpc_against_the_reference() {
    against_the_reference(Client::Python, "jsonrpc");
}

#[test]
fn python_over_rest_against_the_reference() {
    against_the_reference(Client::Python, "rest");
}

#[test]
fn javascript_over_jsonrpc_against_the_reference() {
    against_the_reference(Client::JavaScript, "jsonrpc");
}

#[test]
fn javascript_over_rest_against_the_reference() {
    against_the_reference(Client::JavaScript, "rest");
}
