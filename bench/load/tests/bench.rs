//! The bench runs in a small way, and its report has a row for everyone: figures are for `make bench`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use attache_tests::clients::python;
use attache_tests::guests::{component, workspace};
use attache_tests::server::host_command;
use serde_json::{Value, json};

const LOAD: &str = env!("CARGO_BIN_EXE_attache-load");
const OURS: [&str; 2] = ["Attaché, SQLite", "Attaché, memory"];
const PYTHON: [&str; 2] = ["a2a-sdk, uvicorn, memory", "a2a-sdk, uvicorn, SQLite"];
const PER_CORE: &str =
    "SendMessage, 32 connections, per core: Attaché, SQLite to a2a-sdk, uvicorn, memory";

/// What of an image is needed here.
fn root_of_image(folder: &Path) -> PathBuf {
    let host = host_command().expect("the host");
    let host = fs::canonicalize(host.get_program()).expect("the host");
    symlink(host, folder.join("attache-host")).expect("a link");
    folder.to_owned()
}

fn measured(folder: &Path, only: &[&str]) -> (String, Value) {
    let ratios = folder.join("ratios.json");
    let then = json!({ PER_CORE: 1e9, "a ratio that is gone": 1.0 });
    fs::write(&ratios, then.to_string()).expect("a file");
    let agent = component("bench-agent").expect("the agent");
    let mut bench = python().expect("python");
    bench.arg(workspace().join("bench/main.py"));
    bench
        .arg("--quick")
        .args(["--rounds", "1", "--seconds", "0.2"]);
    bench.arg("--only").args(only);
    for (flag, path) in [
        ("--rootfs", root_of_image(folder).as_path()),
        ("--agent", &agent),
        ("--shipped", &agent),
        ("--programs", Path::new(LOAD).parent().expect("a folder")),
        ("--peers", &folder.join("nothing")),
        ("--results", folder),
        ("--ratios", &ratios),
        ("--markdown", &folder.join("figures.md")),
    ] {
        bench.arg(flag).arg(path);
    }
    let output = bench.output().expect("the bench");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    // A ratio that does not hold is said, and is no failure.
    assert!(output.status.success(), "{said}\n{errors}");
    let results = fs::read(folder.join("results.json")).expect("results");
    (said, serde_json::from_slice(&results).expect("JSON"))
}

fn table<'a>(results: &'a Value, title: &str) -> &'a Value {
    let tables = results["tables"].as_array().expect("tables");
    let found = tables.iter().find(|table| table["title"] == title);
    found.unwrap_or_else(|| panic!("no table {title:?}: {results}"))
}

/// A figure of a row, by the name of its column.
fn figure(table: &Value, row: &str, column: &str) -> f64 {
    let columns = table["columns"].as_array().expect("columns");
    let number = columns.iter().position(|name| name == column);
    let figure = &table["rows"][row][number.expect(column)];
    figure
        .as_f64()
        .unwrap_or_else(|| panic!("{row}, {column}: {table}"))
}

#[test]
fn the_report_has_a_row_for_each_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let (said, results) = measured(folder.path(), &["messages", "reads", "swap"]);

    let messages = table(&results, "SendMessage, 32 connections");
    let part = table(&results, "SendMessage with a part of 1 MiB, 4 connections");
    let card = table(&results, "the agent card, 32 connections");
    for name in OURS.iter().chain(&PYTHON) {
        assert!(figure(messages, name, "µs of CPU") > 0.0, "{name}");
        assert!(figure(messages, name, "p50 ms") > 0.0, "{name}");
        assert!(said.contains(name), "{name}: {said}");
    }
    for name in OURS {
        assert!(figure(card, name, "1/s") > 0.0, "{name}");
        assert!(figure(messages, name, "errors") < 1.0, "{said}");
        assert!(figure(part, name, "errors") < 1.0, "{said}");
    }
    let swaps = table(&results, "swaps of the component, 32 connections");
    assert!(figure(swaps, "meanwhile", "swaps") >= 1.0);

    // Who is not there is said to be missing.
    for name in ["Rust SDK, native, memory", "hyper alone, no store"] {
        assert!(said.contains(&format!("Not measured: {name}")), "{said}");
    }
    // What was better by far is marked.
    let compared = said
        .lines()
        .find(|line| line.contains(PER_CORE) && line.contains("WORSE"));
    assert!(compared.is_some(), "{said}");
    let claim = format!("{PER_CORE}: ");
    let claimed = said.lines().find(|line| line.contains(&claim));
    assert!(claimed.expect("a claim").contains("at least 10"), "{said}");
    let markdown = fs::read_to_string(folder.path().join("figures.md")).expect("Markdown");
    assert!(markdown.contains("### SendMessage, 32 connections"));
    assert!(markdown.contains("| Attaché, SQLite | "));
}
