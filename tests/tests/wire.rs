//! The wire corpus: what is sent and what comes back, to the letter, under the host and under the
//! Spin-shaped harness. `BLESS=1` writes what came from the host.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::process::Command;

use attache_tests::guests::{component, workspace};
use attache_tests::server::Server;
use attache_tests::wire::{Mode, run};

async fn corpus(server: &Server, mode: Mode) {
    let folder = workspace().join("tests/wire");
    let cases = run(server.url(), &folder, mode).await;
    let said = server.output();
    assert!(!said.contains("panicked"), "the server panicked:\n{said}");
    if let Err(error) = cases {
        panic!("{error}");
    }
}

#[tokio::test]
async fn the_host_answers_to_the_letter() {
    let agent = component("tck-agent").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");
    let bless = std::env::var("BLESS").is_ok_and(|v| v == "1");
    corpus(&server, if bless { Mode::Bless } else { Mode::Check }).await;
}

#[tokio::test]
async fn the_spin_harness_answers_the_same() {
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
    corpus(&server, Mode::Check).await;
}
