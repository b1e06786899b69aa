//! What is given to the command, and how it ends.

use crate::server::{Server, component};
use crate::{check, report};

#[test]
fn a_component_is_served_and_checked() {
    let component = component("hello_agent.wasm");
    let output = check(&[component.to_str().expect("a path"), "-o", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["checks"][0]["id"], "component.contract");
    assert_eq!(report["failedMust"], 0);
    assert!(report["passed"].as_u64().expect("a number") > 90);
}

#[test]
fn a_check_of_a_component_reaches_nothing_that_it_is_deployed_with() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_attache"))
        .args(["check", "--only", "get", "-o", "json"])
        .arg(component("hello_agent.wasm"))
        .env("ATTACHE_HOST_BIN", crate::server::host_binary())
        .env("ATTACHE_PUBLIC_URL", "https://agent.invalid")
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:9/none")
        .output()
        .expect("attache runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_component_for_another_host_is_refused_by_what_it_imports() {
    let component = component("spin_adapter.wasm");
    let output = check(&[component.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("component.contract"), "{said}");
    assert!(said.contains("spin:sqlite/sqlite"), "{said}");
}

#[test]
fn a_should_gates_only_when_it_is_strict() {
    let server = Server::reference(&[]);
    let skip = ["--skip", "jsonrpc.other-content-type"];
    assert_eq!(
        check(&[&[server.url.as_str()], &skip[..]].concat())
            .status
            .code(),
        Some(0)
    );
    let strict = check(&[&[server.url.as_str(), "--strict"], &skip[..]].concat());
    assert_eq!(strict.status.code(), Some(1));
    let said = String::from_utf8_lossy(&strict.stdout);
    assert!(
        said.contains("card.cache-control") && said.contains("§ 8.6.1"),
        "{said}"
    );
}

#[test]
fn a_part_can_be_checked_alone() {
    let server = Server::host("hello_agent.wasm", &[]);
    let report = report(&[
        &server.url,
        "--only",
        "cancel,CORE-GET-002",
        "--binding",
        "http-json",
    ]);
    let rows = report["checks"].as_array().expect("rows");
    let ids: Vec<_> = rows
        .iter()
        .map(|row| row["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids, ["get.unknown", "cancel.unknown", "cancel.ended"]);
    assert!(rows.iter().all(|row| row["binding"] == "HTTP+JSON"));
}

#[test]
fn what_cannot_be_checked_is_told_with_what_helps() {
    for (arguments, exit, said) in [
        (
            &["no/such.wasm"][..],
            66,
            "there is no component at no/such.wasm",
        ),
        (&["http://127.0.0.1:9"], 69, "does not answer"),
        (&["http://user:secret@127.0.0.1:9"], 64, "credentials"),
        (
            &["http://127.0.0.1:9", "--only", "everything"],
            64,
            "no requirement is called",
        ),
        (
            &["http://127.0.0.1:9", "--header", "x-api-key=secret"],
            64,
            "@env:VARIABLE",
        ),
        (
            &["http://127.0.0.1:9", "--bearer-env", "NO_SUCH_VARIABLE"],
            77,
            "not set",
        ),
    ] {
        let output = check(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
        assert!(!error.contains("secret\""), "{error}");
    }
}
