//! The agent's own tools, and the limits.

use std::time::{Duration, Instant};

use attache_tests::a2a::state;
use serde_json::json;

use crate::probe::{PLACES, Probe, answer, last_words, message, script};

#[tokio::test]
async fn calls_follow_each_other_and_run_together() {
    for place in PLACES {
        let probe = Probe::start(place, &[]);
        let task = probe
            .task(&[
                json!([["add", {"a": 1, "b": 2}]]),
                json!([["add", {"a": "x"}], ["draw", {"text": "o"}], ["subtract", {}]]),
            ])
            .await;
        assert_eq!(state(&task), "TASK_STATE_COMPLETED", "{place:?}: {task}");
        let said = answer(&task);
        assert_eq!(said["given"][0], json!({"ok": 3}));
        let wrong = said["given"][1]["error"].as_str().unwrap();
        assert!(
            wrong.contains("invalid type") && wrong.contains("JSON Schema"),
            "{wrong}"
        );
        assert_eq!(said["given"][2], json!({"ok": {"drawn": true}}));
        let unknown = said["given"][3]["error"].as_str().unwrap();
        assert!(unknown.contains("There are: add, draw, wait"), "{unknown}");
        assert_eq!(task["artifacts"].as_array().unwrap().len(), 2, "{task}");
        let usage = &task["metadata"]["usage"];
        assert_eq!(usage["model"], "script", "{task}");
        assert_eq!(
            (&usage["inputTokens"], &usage["outputTokens"]),
            (&json!(30), &json!(15))
        );
        assert_eq!(
            (&usage["turns"], &usage["toolCalls"]),
            (&json!(3), &json!(4))
        );
    }
}

#[tokio::test]
async fn tools_run_at_the_same_time() {
    for place in PLACES {
        let probe = Probe::start(place, &[]);
        let begun = Instant::now();
        let three: Vec<_> = (0..3).map(|n| json!(["wait", {"ms": 1500 + n}])).collect();
        let said = probe.answer(&[json!(three)]).await;
        assert_eq!(said["given"][2], json!({"ok": "waited"}));
        assert!(begun.elapsed() < Duration::from_secs(4), "{place:?}");
    }
}

#[tokio::test]
async fn an_endless_conversation_ends_with_a_sentence() {
    for place in PLACES {
        let probe = Probe::start(place, &[]);
        let task = probe.send("endless", "").await;
        assert_eq!(state(&task), "TASK_STATE_FAILED", "{task}");
        assert_eq!(
            last_words(&task),
            "there is no answer after 16 turns of the model, the limit for one message"
        );
        assert_eq!(task["metadata"]["usage"]["turns"], 16, "{task}");
    }
}

#[tokio::test]
async fn the_same_call_again_and_again_ends_with_a_sentence() {
    let probe = Probe::start(PLACES[0], &[]);
    let same = || json!([["add", {"a": 1, "b": 2}]]);
    let task = probe.task(&[same(), same(), same(), same(), same()]).await;
    assert_eq!(state(&task), "TASK_STATE_FAILED");
    assert!(
        last_words(&task).contains("with the same arguments"),
        "{task}"
    );
}

#[tokio::test]
async fn a_cancel_ends_the_tool_that_runs() {
    for place in PLACES {
        let probe = Probe::start(place, &[]);
        let client = probe.client();
        let mut body = message(&script(&[json!([["wait", {"ms": 30_000}]])]), "");
        body["configuration"] = json!({"returnImmediately": true});
        let task = client.send(&body).await.unwrap();
        probe.logs("waiting for 30000 ms").await;
        let begun = Instant::now();
        let canceled = client.cancel(task["id"].as_str().unwrap()).await.unwrap();
        assert_eq!(state(&canceled), "TASK_STATE_CANCELED");
        assert!(begun.elapsed() < Duration::from_secs(20), "{place:?}");
        assert!(!probe.server.output().contains("waited for 30000 ms"));
    }
}
