//! Our verdicts and those of the official kit, on the points that both test.
//!
//! `kit.tsv` has what the kit said of five servers; here the same servers are checked. A point is
//! compared where neither skipped it.

use crate::server::Server;
use crate::{report, verdict};

/// Where the kit contradicts the specification, 1.0.1: the test, the servers, and the section.
/// `docs/conformance.md` says more. One of these that agrees after all fails the test.
const OTHERWISE: [(&str, &[&str], &str); 2] = [
    // Its schema refuses fields that it does not know; 5.7 wants them ignored.
    (
        "test_agent_card_validates_against_schema",
        &["reference-everything", "reference-nothing"],
        "5.7",
    ),
    // It wants application/json, where 1.0.1 prefers application/a2a+json.
    (
        "TestRestFormat::test_response_content_type",
        &["reference", "reference-everything", "reference-nothing"],
        "11.1",
    ),
];

fn agree(column: &str, server: &Server) {
    let report = report(&[&server.url]);
    let table = include_str!("kit.tsv");
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let head: Vec<_> = lines.next().expect("a head").split('\t').collect();
    let place = head
        .iter()
        .position(|name| *name == column)
        .expect("the column");
    let (mut compared, mut faults) = (0, Vec::new());
    for line in lines {
        let fields: Vec<_> = line.split('\t').collect();
        let (test, id, binding, theirs) = (fields[0], fields[1], fields[2], fields[place]);
        let ours = verdict(&report, id, binding)
            .unwrap_or_else(|| panic!("{id} over {binding} is not checked"));
        if ours == "skipped" || theirs == "skipped" {
            continue;
        }
        compared += 1;
        let is_otherwise = OTHERWISE
            .iter()
            .any(|(name, servers, _)| test.ends_with(name) && servers.contains(&column));
        if (ours == theirs) == is_otherwise {
            faults.push(format!(
                "{test}: the kit {theirs}, {id} over {binding} {ours}"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(compared >= 80, "only {compared} points were compared");
}

#[test]
fn on_the_official_python_server() {
    agree("reference", &Server::reference(&[]));
}

#[test]
fn on_the_official_python_server_with_everything() {
    agree(
        "reference-everything",
        &Server::reference(&["--everything"]),
    );
}

#[test]
fn on_the_official_python_server_without_capabilities() {
    agree("reference-nothing", &Server::reference(&["--nothing"]));
}

#[test]
fn on_the_kits_agent_under_the_host() {
    agree("tck-agent", &Server::host("tck_agent.wasm", &[]));
}

#[test]
fn on_the_kits_agent_without_capabilities() {
    let nothing = ["--config", "tck_capabilities=none"];
    agree(
        "tck-agent-nothing",
        &Server::host("tck_agent.wasm", &nothing),
    );
}

#[test]
fn a_required_extension_is_named_and_its_absence_refused() {
    let requires = [
        "--config",
        "tck_required_extension=urn:a2a:tck:required-extension",
    ];
    let server = Server::host("tck_agent.wasm", &requires);
    let report = report(&[&server.url]);
    assert_eq!(
        verdict(&report, "send.extension", "JSONRPC"),
        Some("passed"),
        "{report:#}"
    );
    assert_eq!(verdict(&report, "send.answers", "JSONRPC"), Some("passed"));
    assert_eq!(report["passes"], true);
}
