//! The inspector in a browser, against the host with the data analyst and the conformance kit's agent.
//!
//! The checks are in `tests/clients/js/inspector`. With `BLESS=1` the pictures in the documentation are
//! taken anew.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;
use std::process::Command;

use attache_tests::clients::run_node;
use attache_tests::guests::{component, workspace};
use attache_tests::server::{Server, host_command};

#[test]
fn everything_that_it_shows() {
    let data = tempfile::tempdir().expect("a folder for the data");
    let [analyst, kit] = ["agent-component", "tck-agent"].map(|name| component(name).unwrap());
    let mut both = inspected(&data.path().join("both"));
    both.arg(format!("--agent=analyst={}", analyst.display()))
        .arg(format!("--agent=kit={}", kit.display()))
        .env("ATTACHE_MAX_BODY", "1MiB");
    let both = Server::start(&mut both, "/health/ready").expect("the host");

    let (key, line) = api_key();
    let mut guarded = inspected(&data.path().join("guarded"));
    guarded
        .arg(&kit)
        .env("ATTACHE_AUTH", "api-key")
        .env("ATTACHE_API_KEYS", line);
    let guarded = Server::start(&mut guarded, "/health/ready").expect("the host");

    let chromium = chromium();
    let images = workspace().join("docs/images");
    let mut arguments = vec![both.url(), "--chromium", &chromium];
    arguments.extend(["--guarded", guarded.url(), "--key", &key]);
    if std::env::var_os("BLESS").is_some() {
        arguments.extend(["--images", images.to_str().unwrap()]);
    }
    let failure = run_node("inspector.mjs", &arguments).err();
    let said = [both.output(), guarded.output()].join("\n");
    if let Some(failure) = failure {
        panic!("{failure}\nthe hosts said:\n{said}");
    }
    // The kit's agent does, when it is asked to; its line has a time before it.
    let panicked = |line: &str| line.starts_with("thread ") && line.contains("panicked");
    assert!(!said.lines().any(panicked), "a host panicked:\n{said}");
    assert!(!said.contains(&key), "the key is in the log:\n{said}");
}

fn inspected(data: &Path) -> Command {
    let mut host = host_command().expect("the host");
    host.args(["serve", "--inspector"])
        .env("ATTACHE_DATA_DIR", data);
    host
}

/// A key, and what the host is told of it.
fn api_key() -> (String, String) {
    let mut host = host_command().expect("the host");
    let made = host.args(["api-key", "somebody"]).output().unwrap();
    let text = String::from_utf8(made.stdout).unwrap();
    let [key, line] = ["key:", "line:"].map(|name| {
        let found = text.lines().find_map(|line| line.strip_prefix(name));
        found.expect("a key and its line").trim().to_owned()
    });
    (key, line)
}

/// The browser's program.
fn chromium() -> String {
    let script = workspace().join("scripts/chromium");
    let found = Command::new(script).output().expect("bash");
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.success(), "{said}");
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}
