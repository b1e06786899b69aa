//! Runs: who holds a task, how they learn to stop, and what becomes of a task whose run is gone.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixture::{Fixture, begin, running_task, script, start, step, tell, until, wait_for};

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
async fn a_run_is_given_what_the_one_before_left() {
    let Fixture {
        app,
        folder: _folder,
    } = start();
    let first = script(
        &app,
        json!([
            begin("t"),
            { "op": "append", "state": "working", "events": ["one"], "checkpoint": "left" },
            { "op": "begin", "task": "t", "take_over": true, "run": "second" },
        ]),
    )
    .await;
    assert_eq!(first[1], json!({ "ok": 2 }));
    assert_eq!(first[2]["ok"]["checkpoint"], "left");
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
