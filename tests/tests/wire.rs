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
use attache_tests::wire::{Mode, WireError, run};

/// Cases that are for the data analyst.
const ANALYST: &str = "gemini-enterprise";

async fn corpus(server: &Server, mode: Mode) {
    let folder = workspace().join("tests/wire");
    check(server, run(server.url(), &folder, &[ANALYST], mode).await);
}

async fn analyst_corpus(server: &Server, mode: Mode) {
    let folder = workspace().join("tests/wire").join(ANALYST);
    check(server, run(server.url(), &folder, &[], mode).await);
}

fn check(server: &Server, cases: Result<usize, WireError>) {
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
    corpus(&server, mode()).await;
}

#[tokio::test]
async fn the_host_answers_gemini_enterprise_to_the_letter() {
    let agent = component("agent-component").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");
    analyst_corpus(&server, mode()).await;
}

fn mode() -> Mode {
    let bless = std::env::var("BLESS").is_ok_and(|v| v == "1");
    if bless { Mode::Bless } else { Mode::Check }
}

#[tokio::test]
async fn the_spin_harness_answers_the_same() {
    corpus(&spin("tck-agent"), Mode::Check).await;
}

#[tokio::test]
async fn the_spin_harness_answers_gemini_enterprise_the_same() {
    analyst_corpus(&spin("agent-component"), Mode::Check).await;
}

fn spin(agent: &str) -> Server {
    let agent = component(agent).expect("the agent");
    let adapter = component("attache-spin-adapter").expect("the adapter");
    let mut harness = Command::new(env!("CARGO_BIN_EXE_spin-harness"));
    harness
        .arg("--agent")
        .arg(agent)
        .arg("--adapter")
        .arg(adapter)
        .args(["--variable", "attache_idempotency_window=0"]);
    Server::start(&mut harness, "/.well-known/agent-card.json").expect("the harness")
}
