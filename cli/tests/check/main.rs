//! `attache check` from outside: its verdicts beside those of the official kit, what it says of servers
//! that are wrong in one place, and how it ends.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod command;
mod kit;
mod server;
mod wrong;

use std::process::{Command, Output};

use serde_json::Value;

/// `attache check`, with these arguments.
fn check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_attache"))
        .arg("check")
        .args(arguments)
        .env("ATTACHE_HOST_BIN", server::host_binary())
        .output()
        .expect("attache runs")
}

/// The report of `attache check`.
fn report(arguments: &[&str]) -> Value {
    let output = check(&[arguments, &["-o", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("no report: {}", String::from_utf8_lossy(&output.stderr));
    })
}

/// The verdict of this check through this binding.
fn verdict<'r>(report: &'r Value, id: &str, binding: &str) -> Option<&'r str> {
    let rows = report["checks"].as_array().expect("rows");
    rows.iter()
        .find(|row| row["id"] == id && (binding == "-" || row["binding"] == binding))
        .and_then(|row| row["verdict"].as_str())
}
