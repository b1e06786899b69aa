//! `attache deploy cloud-run`, as whoever types it sees it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod apply;
mod card;
mod forms;
#[path = "../support/google.rs"]
#[allow(unreachable_pub, reason = "shared")]
mod google;
mod host;
mod manifests;
#[path = "../support/host.rs"]
#[allow(unreachable_pub, reason = "shared")]
mod real_host;
mod refusals;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The manifests that everything is tried with.
const CASES: [&str; 3] = ["smallest", "everything", "public"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy")
}

fn manifest(case: &str) -> PathBuf {
    folder().join("cases").join(case).join("attache.toml")
}

/// `attache` in an environment that has nothing in it.
fn attache() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command
        .env_clear()
        .env("NO_GCE_CHECK", "true")
        .env("HOME", "/nonexistent");
    command
}

/// That `text` is what the file says; with `BLESS=1` it is from now on.
fn golden(path: &Path, text: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        text,
        expected,
        "{} (BLESS=1 writes it anew)",
        path.display()
    );
}
