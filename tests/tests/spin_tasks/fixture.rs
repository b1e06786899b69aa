//! An application, and scripts that run in its requests.

use std::path::Path;
use std::time::{Duration, Instant};

use attache_tests::guests::component;
use attache_tests::spin::{SpinApp, SpinConfig};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// An application whose tasks are in a folder that is deleted with it.
pub(crate) struct Fixture {
    pub(crate) app: SpinApp,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn config(folder: &Path) -> SpinConfig {
    SpinConfig::agent(
        component("spin-probe").unwrap(),
        component("attache-spin-adapter").unwrap(),
        folder.join("sqlite_db.db"),
    )
}

pub(crate) fn start() -> Fixture {
    start_with(|config| config)
}

pub(crate) fn start_with(change: impl FnOnce(SpinConfig) -> SpinConfig) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let app = SpinApp::start(&change(config(folder.path()))).unwrap();
    Fixture { app, folder }
}

/// Runs steps in one request. Returns what came of each.
pub(crate) async fn script(app: &SpinApp, steps: Value) -> Vec<Value> {
    let response = reqwest::Client::new()
        .post(format!("{}/script", app.url()))
        .timeout(PATIENCE)
        .json(&steps)
        .send()
        .await
        .unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{text}\n{}", app.log());
    serde_json::from_str(&text).unwrap()
}

pub(crate) async fn step(app: &SpinApp, step: Value) -> Value {
    script(app, json!([step])).await.remove(0)
}

pub(crate) fn begin(task: &str) -> Value {
    json!({
        "op": "begin", "task": task, "context": "c", "state": "working", "time": 1_000,
        "snapshot": "{\"id\":1}", "events": ["first"]
    })
}

/// Steps by which scripts of two requests wait for each other.
pub(crate) fn tell(word: &str) -> Value {
    json!({ "op": "write-state", "context": "c", "key": word, "value": "now" })
}

pub(crate) fn wait_for(word: &str) -> Value {
    json!({ "op": "await-state", "context": "c", "key": word })
}

/// Until the task "t" is worked on.
pub(crate) async fn running_task(app: &SpinApp) {
    until(
        app,
        |task| task["ok"]["running"] == true,
        json!({ "op": "get", "task": "t" }),
    )
    .await;
}

/// Repeats a step until its result is as wanted.
pub(crate) async fn until(
    app: &SpinApp,
    wanted: impl Fn(&Value) -> bool,
    repeated: Value,
) -> Value {
    let begun = Instant::now();
    loop {
        let result = step(app, repeated.clone()).await;
        if wanted(&result) {
            return result;
        }
        assert!(begun.elapsed() < PATIENCE, "still {result}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
