//! `compose.yaml`: it is what the Compose Specification says, everything that it names is there, and the
//! host starts with what it sets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::BTreeSet;
use std::fs;

use attache_tests::clients::python;
use attache_tests::guests::workspace;
use attache_tests::server::host_command;
use serde_json::Value;

/// A file of the workspace as JSON.
fn read(arguments: &[&str]) -> Result<Value, String> {
    let (file, options) = arguments.split_last().unwrap();
    let mut command = python().unwrap();
    let path = workspace().join(file);
    command.arg("compose_file.py").args(options).arg(path);
    let output = command.output().unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn compose() -> Value {
    read(&["compose.yaml"]).unwrap_or_else(|error| panic!("{error}"))
}

fn names(of: &Value) -> BTreeSet<&str> {
    of.as_object().unwrap().keys().map(String::as_str).collect()
}

fn texts(of: &Value) -> Vec<&str> {
    let list = of.as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap()).collect()
}

/// The variables that `attache-host serve` knows.
fn documented() -> BTreeSet<String> {
    let page = fs::read_to_string(workspace().join("docs/configuration.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cell = |row: &str| Some(row.split(" | ").nth(1)?.trim_matches('`').to_owned());
    rows.filter_map(cell).collect()
}

#[test]
fn it_is_what_the_specification_says() {
    let file = compose();
    assert_eq!(
        names(&file["services"]),
        BTreeSet::from(["agent", "collector", "database"])
    );
    // A file that says something else is refused, so the check checks.
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.yaml");
    fs::write(&bad, "services: {agent: {image: x, prots: ['1:1']}}").unwrap();
    let error = read(&[bad.to_str().unwrap()]).unwrap_err();
    assert!(error.contains("prots"), "{error}");
}

#[test]
fn what_it_names_is_there_and_pinned() {
    let file = compose();
    let services = file["services"].as_object().unwrap();
    for (name, service) in services {
        let (_, tag) = service["image"].as_str().unwrap().rsplit_once(':').unwrap();
        let is_version = tag.contains('.') && tag.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        assert!(
            is_version || tag == "local",
            "{name} is of no version: {tag}"
        );
        assert_eq!(tag == "local", service.get("build").is_some(), "{name}");

        for network in texts(&service["networks"]) {
            assert!(names(&file["networks"]).contains(network), "{network}");
        }
        for volume in texts(&service["volumes"]) {
            let (source, _) = volume.split_once(':').unwrap();
            let is_there = match source.strip_prefix("./") {
                Some(path) => workspace().join(path).exists(),
                None => names(&file["volumes"]).contains(source),
            };
            assert!(is_there, "{name} has the volume {volume}");
        }
        // Nothing is published beyond this machine.
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} publishes {port}");
        }
        let others = service["depends_on"].as_object();
        for (other, wanted) in others.into_iter().flatten() {
            let checked = services[other].get("healthcheck").is_some();
            let wants_check = wanted["condition"] == "service_healthy";
            assert_eq!(wants_check, checked, "{name} waits for {other}");
        }
    }
    let internal = &file["networks"]["inside"]["internal"];
    assert_eq!(internal, true, "the database is on a network of its own");
    assert_eq!(texts(&services["database"]["networks"]), ["inside"]);
    let dockerfile = fs::read_to_string(workspace().join("Dockerfile")).unwrap();
    for argument in names(&services["agent"]["build"]["args"]) {
        assert!(
            dockerfile.contains(&format!("ARG {argument}=")),
            "{argument}"
        );
    }
}

#[test]
fn the_database_and_the_agent_agree() {
    let file = compose();
    let of = |service: &str, name: &str| file["services"][service]["environment"][name].clone();
    for (own, databases) in [
        ("DB_NAME", "POSTGRES_DB"),
        ("DB_USER", "POSTGRES_USER"),
        ("DB_PASS", "POSTGRES_PASSWORD"),
    ] {
        assert_eq!(of("agent", own), of("database", databases), "{own}");
    }
    assert!(
        file["services"]
            .get(of("agent", "DB_HOST").as_str().unwrap())
            .is_some()
    );
}

#[test]
fn the_host_starts_with_what_it_sets() {
    let file = compose();
    let environment = file["services"]["agent"]["environment"]
        .as_object()
        .unwrap();
    let known = documented();
    let mut host = host_command().unwrap();
    let dockerfile = fs::read_to_string(workspace().join("Dockerfile")).unwrap();
    for line in dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("ENV "))
    {
        let (name, value) = line.split_once('=').unwrap();
        host.env(name, value);
    }
    for (name, value) in environment {
        assert!(
            known.contains(name) || name.starts_with("OTEL_"),
            "{name} is not in docs/configuration.md"
        );
        host.env(name, value.as_str().unwrap());
    }
    // In the image it is at the root.
    let folder = tempfile::tempdir().unwrap();
    let agent = folder.path().join("agent.cwasm");
    fs::write(&agent, "").unwrap();
    host.env("ATTACHE_COMPONENT", agent);
    let output = host.args(["config", "--output", "json"]).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let said = String::from_utf8(output.stdout).unwrap();
    let password = environment["DB_PASS"].as_str().unwrap();
    assert!(!said.contains(password), "{said}");
    for value in ["database", "anywhere", "http://collector:4318"] {
        assert!(said.contains(value), "{value} is not in {said}");
    }
    let check = texts(&file["services"]["agent"]["healthcheck"]["test"]);
    assert!(dockerfile.contains(&format!("ENTRYPOINT [\"{}\"", check[1])));
    let help = host_command().unwrap().args([check[2], "--help"]).output();
    assert!(help.unwrap().status.success(), "{check:?}");
}

#[test]
fn the_collector_has_what_its_pipelines_name() {
    let file = read(&["--plain", "compose/collector.yaml"]).unwrap();
    let pipelines = file["service"]["pipelines"].as_object().unwrap();
    assert_eq!(pipelines.len(), 2);
    for (pipeline, parts) in pipelines {
        for kind in ["receivers", "processors", "exporters"] {
            for part in texts(&parts[kind]) {
                let is_there = names(&file[kind]).contains(part);
                assert!(is_there, "{pipeline} names {part}, which is not in {kind}");
            }
        }
    }
    let listens = file["receivers"]["otlp"]["protocols"]["http"]["endpoint"].clone();
    let endpoint = &compose()["services"]["agent"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"];
    let port = |address: &Value| {
        address
            .as_str()
            .unwrap()
            .rsplit_once(':')
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(port(&listens), port(endpoint));
}
