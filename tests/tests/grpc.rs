//! gRPC by the official Python library, under the host and under the Spin-shaped harness: response
//! trailers, streams and deadlines have to pass through whatever runs the component.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::process::Command;

use attache_tests::clients::{python, run_python};
use attache_tests::guests::component;
use attache_tests::server::Server;

fn calls(server: &Server) {
    if let Err(error) = run_python("grpc_wire.py", &["calls", server.url()]) {
        panic!("{error}\nthe server said:\n{}", server.output());
    }
}

#[test]
fn calls_under_the_host() {
    let agent = component("tck-agent").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");
    calls(&server);
    // Trailers end an answer as well as the end of its body does.
    let said = server.output();
    let mut logged = said.lines().filter(|line| line.contains("/ListTasks "));
    assert!(
        logged.clone().count() > 0 && logged.all(|line| !line.contains("broken")),
        "{said}"
    );
}

#[test]
fn calls_under_spin() {
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
    calls(&server);
}

/// The engine's own tests read the corpus; here it is what the pinned SDK writes.
#[test]
fn the_corpus_is_what_the_official_sdk_writes() {
    let written = python()
        .expect("python")
        .args(["grpc_wire.py", "corpus"])
        .output()
        .expect("the script runs");
    let said = String::from_utf8_lossy(&written.stderr);
    assert!(written.status.success(), "{said}");
    let corpus = include_str!("../../protocol/tests/official/messages.txt");
    assert!(
        String::from_utf8_lossy(&written.stdout) == corpus,
        "write it again: grpc_wire.py corpus > protocol/tests/official/messages.txt"
    );
}
