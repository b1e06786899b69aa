//! What one request writes and another reads.

use attache_tests::spin::{Database, SpinApp};
use serde_json::{Value, json};

use crate::fixture::{
    Fixture, begin, config, running_task, script, start, start_with, step, tell, wait_for,
};

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
