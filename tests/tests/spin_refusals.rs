//! What Spin would not run, or would run without what was asked for, and the words it comes with.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::BTreeMap;

use attache_tests::guests::{component, workspace};
use attache_tests::spin::{Database, Dependency, Inherit, SpinApp, SpinConfig, SpinError};
use serde_json::{Value, json};

fn adapter(name: &str, inherit: Inherit) -> Dependency {
    Dependency {
        name: name.to_owned(),
        path: component("attache-spin-adapter").unwrap(),
        inherit,
    }
}

fn probe() -> SpinConfig {
    SpinConfig::new(component("spin-probe").unwrap()).database("default", Database::Memory)
}

fn refusal(config: &SpinConfig) -> SpinError {
    match SpinApp::start(config) {
        Ok(_) => panic!("it was started"),
        Err(error) => error,
    }
}

async fn step(app: &SpinApp, step: Value) -> String {
    let steps = json!([step]);
    let response = reqwest::Client::new()
        .post(format!("{}/script", app.url()))
        .json(&steps)
        .send()
        .await
        .unwrap();
    response.text().await.unwrap()
}

fn begin() -> Value {
    json!({ "op": "begin", "task": "t", "context": "c", "state": "completed", "snapshot": "{}" })
}

#[test]
fn an_import_that_spin_does_not_offer_is_named() {
    let SpinError::Imports { imports } = refusal(&probe()) else {
        panic!("another error");
    };
    assert_eq!(
        imports,
        ["attache:agent/tasks@0.1.0", "attache:agent/caller@0.1.0"]
    );
}

#[test]
fn a_component_without_a_handler_is_no_service() {
    let config = SpinConfig::new(component("store-suite").unwrap());
    let error = refusal(&config).to_string();
    assert!(error.contains("wasi:http/incoming-handler"), "{error}");
}

#[test]
fn two_dependencies_on_one_package_are_refused_as_spin_does() {
    let config = probe()
        .dependency(adapter("attache:agent/tasks@0.1.0", Inherit::All))
        .dependency(adapter("attache:agent/caller@0.1.0", Inherit::All));
    let error = refusal(&config).to_string();
    assert!(error.contains("already been registered"), "{error}");
}

#[test]
fn a_dependency_that_satisfies_nothing_is_refused() {
    let config = probe().dependency(adapter("attache:agent@0.2.0", Inherit::All));
    let error = refusal(&config).to_string();
    assert!(error.contains("matches no import"), "{error}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = refusal(&probe().listen(address)).to_string();
    assert!(error.contains(&address.to_string()), "{error}");
}

#[test]
fn a_variable_that_cannot_exist_is_refused() {
    let config = probe().variable("ATTACHE_CARD", "pure");
    let error = refusal(&config).to_string();
    assert!(error.contains("ATTACHE_CARD"), "{error}");
}

#[tokio::test]
async fn an_adapter_that_inherits_no_database_says_what_to_write() {
    let inherit = Inherit::Only(vec!["variables".to_owned()]);
    let config = probe().dependency(adapter("attache:agent", inherit));
    let app = SpinApp::start(&config).unwrap();
    let answer = step(&app, begin()).await;
    assert!(answer.contains("inherit_configuration"), "{answer}");
    assert!(answer.contains("sqlite_databases"), "{answer}");
}

#[tokio::test]
async fn an_adapter_that_inherits_no_variables_says_what_to_write() {
    let inherit = Inherit::Only(vec!["sqlite_databases".to_owned()]);
    let config = probe()
        .variable("attache_card", "pure")
        .dependency(adapter("attache:agent", inherit));
    let app = SpinApp::start(&config).unwrap();
    let answer = step(&app, begin()).await;
    assert!(answer.contains("not permitted"), "{answer}");
    assert!(answer.contains("variables"), "{answer}");
    // The agent itself keeps what is its own.
    let answer = step(&app, json!({ "op": "config", "key": "attache_card" })).await;
    assert_eq!(answer, json!([{ "ok": "pure" }]).to_string());
}

#[tokio::test]
async fn the_manifest_of_this_repository_wires_agent_and_adapter() {
    let state = tempfile::tempdir().unwrap();
    let given = BTreeMap::from([("attache_card".to_owned(), "pure".to_owned())]);
    let config = SpinConfig::from_manifest(workspace().join("spin.toml"), state.path(), &given)
        .unwrap()
        .component(component("spin-probe").unwrap())
        .adapter(component("attache-spin-adapter").unwrap());
    let app = SpinApp::start(&config).unwrap();
    assert_eq!(
        step(&app, begin()).await,
        json!([{ "ok": { "started": null } }]).to_string()
    );
    let answer = step(&app, json!({ "op": "config", "key": "attache_card" })).await;
    assert_eq!(answer, json!([{ "ok": "pure" }]).to_string());
    assert!(state.path().join("default.db").is_file());
}

#[test]
fn the_manifest_names_the_components_that_are_built() {
    let state = tempfile::tempdir().unwrap();
    let manifest = workspace().join("spin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for package in ["agent-component", "attache-spin-adapter"] {
        assert!(text.contains(&format!("-p {package}\"")), "{package}");
    }
    for file in ["agent_component.wasm", "spin_adapter.wasm"] {
        let path = format!("target/wasm32-wasip2/release/{file}");
        assert!(text.contains(&path), "{path}");
    }
    let config = SpinConfig::from_manifest(&manifest, state.path(), &BTreeMap::new()).unwrap();
    let [dependency] = config.dependencies() else {
        panic!("{:?}", config.dependencies());
    };
    assert_eq!(dependency.name, "attache:agent@0.1.0");
}

#[test]
fn a_manifest_that_spin_would_not_read_is_refused_with_the_reason() {
    let state = tempfile::tempdir().unwrap();
    let good = std::fs::read_to_string(workspace().join("spin.toml")).unwrap();
    let cases = [
        ("sqlite_databases =", "sqlite_dbs =", "sqlite_dbs"),
        (
            "spin_manifest_version = 2",
            "spin_manifest_version = 1",
            "only 2",
        ),
        ("default = \"600\"", "secret = true", "needs a default"),
        (
            "\"{{ attache_card }}\"",
            "\"{{ attache_kard }}\"",
            "attache_kard",
        ),
        ("route = \"/...\"", "route = \"/a\"", "\"/...\" only"),
    ];
    for (from, to, words) in cases {
        assert!(good.contains(from), "{from}");
        let path = state.path().join("spin.toml");
        std::fs::write(&path, good.replace(from, to)).unwrap();
        let error = SpinConfig::from_manifest(&path, state.path(), &BTreeMap::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{to}: {error}");
    }
    let unknown = BTreeMap::from([("no_such_variable".to_owned(), String::new())]);
    let error = SpinConfig::from_manifest(workspace().join("spin.toml"), state.path(), &unknown)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no_such_variable"), "{error}");
}
