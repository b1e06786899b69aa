//! The task log of the Spin adapter, seen from agents in other requests.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use attache_tests::guests::component;
use attache_tests::spin::{Database, SpinApp, SpinConfig};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// An application whose tasks are in a folder that is deleted with it.
struct Fixture {
    app: SpinApp,
    folder: tempfile::TempDir,
}

fn config(folder: &Path) -> SpinConfig {
    SpinConfig::agent(
        component("spin-probe").unwrap(),
        component("attache-spin-adapter").unwrap(),
        folder.join("sqlite_db.db"),
    )
}

fn start() -> Fixture {
    start_with(|config| config)
}

fn start_with(change: impl FnOnce(SpinConfig) -> SpinConfig) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let app = SpinApp::start(&change(config(folder.path()))).unwrap();
    Fixture { app, folder }
}

/// Runs steps in one request. Returns what came of each.
async fn script(app: &SpinApp, steps: Value) -> Vec<Value> {
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

async fn step(app: &SpinApp, step: Value) -> Value {
    script(app, json!([step])).await.remove(0)
}

fn begin(task: &str) -> Value {
    json!({
        "op": "begin", "task": task, "context": "c", "state": "working", "time": 1_000,
        "snapshot": "{\"id\":1}", "events": ["first"]
    })
}

/// Steps by which scripts of two requests wait for each other.
fn tell(word: &str) -> Value {
    json!({ "op": "write-state", "context": "c", "key": word, "value": "now" })
}

fn wait_for(word: &str) -> Value {
    json!({ "op": "await-state", "context": "c", "key": word })
}

/// Until the task "t" is worked on.
async fn running_task(app: &SpinApp) {
    until(
        app,
        |task| task["ok"]["running"] == true,
        json!({ "op": "get", "task": "t" }),
    )
    .await;
}

/// Repeats a step until its result is as wanted.
async fn until(app: &SpinApp, wanted: impl Fn(&Value) -> bool, repeated: Value) -> Value {
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

#[tokio::test]
async fn a_task_is_kept_from_request_to_request() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let written = script(
        &app,
        json!([
            begin("t"),
            { "op": "append", "state": "working", "events": ["a", "b"], "time": 2_000 },
            { "op": "dispatch" },
            {
                "op": "append", "state": "completed", "events": ["done"], "time": 3_000,
                "snapshot": "{\"id\":2}", "artifacts": "[1]"
            },
            { "op": "append", "state": "working", "events": ["too late"] },
            { "op": "stopping" },
            { "op": "caller" },
        ]),
    )
    .await;
    assert_eq!(written[0], json!({ "ok": { "started": null } }));
    assert_eq!(written[1], json!({ "ok": 3 }));
    assert_eq!(written[2], json!({ "ok": "here" }));
    assert_eq!(written[3], json!({ "ok": 4 }));
    assert_eq!(written[4], json!({ "err": { "finished": "completed" } }));
    assert_eq!(written[6], json!({ "ok": null }), "nobody is identified");

    let read = script(
        &app,
        json!([
            { "op": "get", "task": "t" },
            { "op": "events", "task": "t", "after": 1 },
            { "op": "list", "context": "c", "state": "completed" },
            { "op": "list", "state": "working" },
            { "op": "get", "task": "other" },
        ]),
    )
    .await;
    assert_eq!(
        read[0]["ok"],
        json!({
            "id": "t", "context": "c", "state": "completed", "time": 3_000, "task": "{\"id\":2}",
            "artifacts": "[1]", "tail": [], "newest": 4, "running": false
        })
    );
    assert_eq!(read[1]["ok"]["events"], json!(["a", "b", "done"]));
    assert_eq!(read[1]["ok"]["running"], false);
    assert_eq!(read[2]["ok"]["total"], 1);
    assert_eq!(read[2]["ok"]["tasks"][0]["artifacts"], Value::Null);
    assert_eq!(read[3]["ok"]["total"], 0);
    assert_eq!(read[4], json!({ "err": "not-found" }));
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let mut mine = begin("t");
    mine["tenant"] = json!("mine");
    script(&app, json!([mine, { "op": "write-state", "tenant": "mine", "context": "c", "key": "k", "value": "v" }])).await;
    let seen = script(
        &app,
        json!([
            { "op": "get", "task": "t", "tenant": "yours" },
            { "op": "list", "tenant": "yours" },
            { "op": "read-state", "tenant": "yours", "context": "c", "key": "k" },
            { "op": "read-state", "tenant": "mine", "context": "c", "key": "k" },
        ]),
    )
    .await;
    assert_eq!(seen[0], json!({ "err": "not-found" }));
    assert_eq!(seen[1]["ok"]["total"], 0);
    assert_eq!(seen[2], json!({ "ok": null }));
    assert_eq!(seen[3], json!({ "ok": "v" }));
}

#[tokio::test]
async fn a_cancellation_reaches_the_run_in_another_request() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let running = script(
        &app,
        json!([begin("t"), { "op": "wait-stopping" }, { "op": "append", "state": "canceled" }]),
    );
    let canceling = async {
        running_task(&app).await;
        let begun = Instant::now();
        assert_eq!(
            step(&app, json!({ "op": "cancel", "task": "t" })).await,
            json!({ "ok": null })
        );
        begun
    };
    let (run, canceled) = tokio::join!(running, canceling);
    assert_eq!(run[1], json!({ "ok": true }));
    assert_eq!(run[2], json!({ "ok": 1 }));
    assert!(
        canceled.elapsed() < Duration::from_secs(5),
        "{:?}",
        canceled.elapsed()
    );
    let again = step(&app, json!({ "op": "cancel", "task": "t" })).await;
    assert_eq!(again, json!({ "err": { "finished": "canceled" } }));
}

#[tokio::test]
async fn events_reach_a_watcher_in_another_request() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let running = script(
        &app,
        json!([
            begin("t"),
            wait_for("watched once"),
            { "op": "sleep", "ms": 1_000 },
            { "op": "append", "state": "working", "events": ["second"] },
            wait_for("watched twice"),
            { "op": "append", "state": "completed", "events": ["third"] },
        ]),
    );
    let watching = async {
        running_task(&app).await;
        script(
            &app,
            json!([
                { "op": "wait-events", "task": "t", "after": 0 },
                tell("watched once"),
                { "op": "wait-events", "task": "t", "after": 1 },
                tell("watched twice"),
                { "op": "wait-events", "task": "t", "after": 2 },
                { "op": "wait-events", "task": "t", "after": 3 },
            ]),
        )
        .await
    };
    let (_, seen) = tokio::join!(running, watching);
    assert_eq!(seen[0]["ok"]["events"], json!(["first"]));
    assert_eq!(seen[0]["ok"]["polls"], 1, "what is there is not waited for");
    assert_eq!(seen[2]["ok"]["events"], json!(["second"]));
    // 10, 20, 40, 80 and then 100 ms: about 13 polls in a second.
    let polls = seen[2]["ok"]["polls"].as_u64().unwrap();
    assert!(polls <= 30, "{polls} polls");
    assert_eq!(seen[4]["ok"]["events"], json!(["third"]));
    assert_eq!(seen[5]["ok"]["events"], json!([]));
    assert_eq!(seen[5]["ok"]["running"], false);
}

#[tokio::test]
async fn a_task_that_does_not_exist_cannot_be_watched() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let waited = step(&app, json!({ "op": "wait-events", "task": "nowhere" })).await;
    assert_eq!(waited, json!({ "err": "not-found" }));
}

#[tokio::test]
async fn a_run_that_is_dropped_fails_its_task() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let seen = script(
        &app,
        json!([begin("t"), { "op": "drop" }, { "op": "get", "task": "t" }]),
    )
    .await;
    let task = &seen[2]["ok"];
    assert_eq!(task["state"], "failed");
    assert_eq!(task["running"], false);
    let event: Value = serde_json::from_str(task["tail"][0].as_str().unwrap()).unwrap();
    let status = &event["statusUpdate"]["status"];
    assert_eq!(status["state"], "TASK_STATE_FAILED");
    let reason = status["message"]["parts"][0]["text"].as_str().unwrap();
    assert!(reason.contains("stopped working"), "{reason}");
}

#[tokio::test]
async fn a_run_that_is_forgotten_at_the_end_of_a_request_fails_its_task() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    step(&app, begin("t")).await;
    let task = until(
        &app,
        |task| task["ok"]["running"] == false,
        json!({ "op": "get", "task": "t" }),
    )
    .await;
    assert_eq!(task["ok"]["state"], "failed");
}

/// Ends the lease as the passing of its time would.
fn end_leases(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("sqlite_db.db")).unwrap();
    let ended = database
        .execute(
            "UPDATE attache_task SET lease_until = 1 WHERE lease_until > 0",
            (),
        )
        .unwrap();
    assert!(ended > 0, "no run was alive");
}

#[tokio::test]
async fn a_task_whose_run_trapped_fails_when_somebody_looks() {
    let looks = [
        ("get", json!({ "op": "get", "task": "t" })),
        ("list", json!({ "op": "list" })),
        ("events", json!({ "op": "events", "task": "t" })),
        (
            "watch",
            json!({ "op": "wait-events", "task": "t", "after": 1 }),
        ),
        ("begin", json!({ "op": "begin", "task": "t" })),
    ];
    for (name, look) in looks {
        let Fixture { app, folder } = start();
        let trapped = reqwest::Client::new()
            .post(format!("{}/script", app.url()))
            .json(&json!([begin("t"), { "op": "trap" }]))
            .send()
            .await
            .unwrap();
        assert_eq!(trapped.status(), 500);
        let task = step(&app, json!({ "op": "get", "task": "t" })).await;
        assert_eq!(task["ok"]["running"], true, "the lease is still there");

        end_leases(folder.path());
        let seen = step(&app, look).await;
        assert!(seen.to_string().contains("failed"), "{name}: {seen}");
        let task = step(&app, json!({ "op": "get", "task": "t" })).await;
        assert_eq!(task["ok"]["state"], "failed", "{name}");
        let reason = task["ok"]["tail"][0].as_str().unwrap();
        assert!(reason.contains("was lost"), "{name}: {reason}");
    }
}

#[tokio::test]
async fn a_silent_run_goes_on_when_nobody_looked() {
    let Fixture { app, folder } = start();
    let running = script(
        &app,
        json!([
            begin("t"),
            wait_for("lease ended"),
            { "op": "append", "state": "working" },
            { "op": "get", "task": "t" },
            { "op": "append", "state": "completed" },
        ]),
    );
    let ending = async {
        running_task(&app).await;
        end_leases(folder.path());
        step(&app, tell("lease ended")).await;
    };
    let (run, ()) = tokio::join!(running, ending);
    assert_eq!(run[3]["ok"]["running"], true);
    assert_eq!(run[4], json!({ "ok": 1 }));
}

#[tokio::test]
async fn an_interrupted_task_waits_for_its_user_and_is_then_taken_up() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    script(
        &app,
        json!([begin("t"), { "op": "append", "state": "input-required", "events": ["?"] }]),
    )
    .await;
    let taken_up = script(
        &app,
        json!([
            { "op": "begin", "task": "t", "run": "one" },
            { "op": "begin", "task": "t", "run": "two" },
            { "op": "drop", "run": "one" },
            { "op": "get", "task": "t" },
            { "op": "begin", "task": "t", "run": "three" },
            { "op": "append", "run": "three", "state": "completed", "events": ["!"] },
        ]),
    )
    .await;
    assert_eq!(taken_up[0]["ok"]["started"]["state"], "input-required");
    assert_eq!(taken_up[1], json!({ "err": "busy" }));
    // A run that did nothing gives the task back as it was.
    assert_eq!(taken_up[3]["ok"]["state"], "input-required");
    assert_eq!(taken_up[3]["ok"]["running"], false);
    assert_eq!(taken_up[3]["ok"]["newest"], 2);
    assert_eq!(taken_up[5], json!({ "ok": 3 }));
}

#[tokio::test]
async fn a_run_that_was_taken_over_loses_the_task_and_does_not_fail_it() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let first = script(
        &app,
        json!([
            begin("t"),
            { "op": "wait-stopping" },
            { "op": "append", "state": "completed" },
            { "op": "dispatch" },
            { "op": "drop" },
            tell("let go"),
        ]),
    );
    let second = async {
        running_task(&app).await;
        script(
            &app,
            json!([
                { "op": "begin", "task": "t", "take_over": true },
                wait_for("let go"),
                { "op": "append", "state": "completed", "events": ["mine"] },
            ]),
        )
        .await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first[1], json!({ "ok": true }));
    assert_eq!(first[2], json!({ "err": "lost" }));
    assert_eq!(first[3], json!({ "err": "lost" }));
    assert_eq!(second[2], json!({ "ok": 2 }));
    let task = step(&app, json!({ "op": "get", "task": "t" })).await;
    assert_eq!(task["ok"]["state"], "completed");
}

#[tokio::test]
async fn a_message_that_is_repeated_finds_its_task() {
    let sent = |task: &str| {
        let mut begin = begin(task);
        begin["message"] = json!("m");
        begin["state"] = json!("completed");
        begin
    };
    let Fixture {
        app,
        folder: _folder,
    } = start();
    assert_eq!(
        step(&app, sent("t1")).await,
        json!({ "ok": { "started": null } })
    );
    assert_eq!(step(&app, sent("t2")).await["ok"]["repeated"]["id"], "t1");

    let Fixture {
        app,
        folder: _folder,
    } = start_with(|config| config.variable("attache_idempotency_window", "0"));
    step(&app, sent("t1")).await;
    assert_eq!(
        step(&app, sent("t2")).await,
        json!({ "ok": { "started": null } })
    );

    let Fixture {
        app,
        folder: _folder,
    } = start_with(|config| config.variable("attache_idempotency_window", "10m"));
    let refused = step(&app, sent("t1")).await["err"]["unavailable"].to_string();
    assert!(
        refused.contains("attache_idempotency_window") && refused.contains("10m"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_write_at_the_same_time() {
    const WRITERS: usize = 24;
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let writers = (0..WRITERS).map(|number| {
        let mut steps = vec![begin(&format!("t{number}"))];
        steps
            .extend((0..5).map(|_| json!({ "op": "append", "state": "working", "events": ["e"] })));
        steps.push(json!({ "op": "append", "state": "completed", "events": ["e"] }));
        script(&app, Value::from(steps))
    });
    for results in futures_util::future::join_all(writers).await {
        assert_eq!(results.last().unwrap(), &json!({ "ok": 7 }), "{results:?}");
    }
    let page = step(&app, json!({ "op": "list", "state": "completed" })).await;
    assert_eq!(page["ok"]["total"], WRITERS);
}

#[tokio::test]
async fn tasks_survive_the_end_of_spin() {
    let Fixture { app, folder } = start();
    script(
        &app,
        json!([begin("t"), { "op": "append", "state": "completed", "events": ["e"] }]),
    )
    .await;
    app.shutdown();
    let app = SpinApp::start(&config(folder.path())).unwrap();
    let task = step(&app, json!({ "op": "get", "task": "t" })).await;
    assert_eq!(task["ok"]["state"], "completed");
    assert_eq!(task["ok"]["newest"], 2);
}

#[tokio::test]
async fn a_database_in_memory_is_used_with_a_warning() {
    let Fixture {
        app,
        folder: _folder,
    } = start_with(|config| config.database("default", Database::Memory));
    let seen = script(&app, json!([begin("t"), { "op": "get", "task": "t" }])).await;
    assert_eq!(seen[1]["ok"]["running"], true);
    assert!(app.log().contains("is in memory"), "{}", app.log());
}

#[tokio::test]
async fn the_agent_reads_its_variables() {
    let Fixture {
        app,
        folder: _folder,
    } = start_with(|config| config.variable("attache_card", "hybrid"));
    let read = script(
        &app,
        json!([
            { "op": "config", "key": "attache_card" },
            { "op": "config", "key": "not_set" },
            { "op": "config", "key": "NOT A NAME" },
        ]),
    )
    .await;
    assert_eq!(
        read,
        [
            json!({ "ok": "hybrid" }),
            json!({ "ok": null }),
            json!({ "ok": null })
        ]
    );
}
