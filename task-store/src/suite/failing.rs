//! Ending tasks whose run is gone.

use serde_json::json;

use super::case::{Case, LEASE, NOW, change};
use crate::{
    ClaimExpired, Database, Error, Events, Fail, Lease, MAX_CHANGE_EVENTS, MAX_TAIL_EVENTS, State,
};

fn fail(lease: &Lease, reason: &str, now: u64) -> Fail {
    Fail {
        lease: lease.clone(),
        reason: reason.to_owned(),
        now,
    }
}

pub(super) async fn ends_a_task_with_a_reason<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let before = case.get("t", NOW).await?;
    // 2026-11-21T00:00:00.007Z
    let now = 1_795_219_200_007;
    let reason = "The agent stopped \"unexpectedly\".";
    let newest = case.perform("fail", fail(&lease, reason, now)).await?;
    case.equal("the number", newest, 2)?;
    let task = case.get("t", now).await?;
    case.equal("state", task.state, State::Failed)?;
    case.equal("status time", task.status_time, now)?;
    case.equal("running", task.running, false)?;
    case.equal("snapshot", task.snapshot, before.snapshot)?;
    let events = Events {
        scope: case.scope.clone(),
        task_id: "t".to_owned(),
        after: 1,
        now,
    };
    let events = case.perform("events", events).await?.events;
    case.equal("the event is in the tail", task.tail, events.clone())?;
    let [event] = events.as_slice() else {
        return Err(case.wrong("one event", &events));
    };
    let found: serde_json::Value = serde_json::from_slice(&event.payload)
        .map_err(|error| case.wrong("the event is JSON", &error))?;
    let expected = json!({"statusUpdate": {
        "taskId": "t",
        "contextId": "c",
        "status": {
            "state": "TASK_STATE_FAILED",
            "message": {
                "messageId": "t-2",
                "role": "ROLE_AGENT",
                "taskId": "t",
                "contextId": "c",
                "parts": [{"text": reason}],
            },
            "timestamp": "2026-11-21T00:00:00.007Z",
        },
    }});
    case.equal("the event", found, expected)?;
    let again = fail(&lease, reason, now);
    case.refuse("again", again, Error::Finished(State::Failed))
        .await
}

pub(super) async fn is_fenced<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let first = case.create("t", "c", State::Working, NOW).await?;
    let claim = ClaimExpired {
        now: NOW + LEASE,
        lease_ms: LEASE,
        limit: 10_000,
    };
    let claimed = case.perform("claim", claim).await?;
    let Some(second) = claimed.iter().find(|lease| lease.scope == case.scope) else {
        return Err(case.wrong("a claim of the task", &claimed));
    };
    case.refuse(
        "the first run",
        fail(&first, "late", NOW + LEASE),
        Error::Lost,
    )
    .await?;
    case.perform("the claim", fail(second, "lost", NOW + LEASE))
        .await?;
    let waits = case.create("waits", "c", State::Working, NOW).await?;
    case.append(&waits, change(State::InputRequired, NOW, &["asks"]), NOW)
        .await?;
    case.refuse(
        "a run that ended well",
        fail(&waits, "late", NOW),
        Error::Lost,
    )
    .await
}

pub(super) async fn succeeds_on_a_full_task<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let portion = vec!["x"; MAX_CHANGE_EVENTS];
    for _ in 0..MAX_TAIL_EVENTS / MAX_CHANGE_EVENTS as u64 {
        case.append(&lease, change(State::Working, NOW, &portion), NOW)
            .await?;
    }
    let reason = "é".repeat(100_000);
    let newest = case.perform("fail", fail(&lease, &reason, NOW)).await?;
    case.equal("the number", newest, MAX_TAIL_EVENTS + 2)?;
    let events = Events {
        scope: case.scope.clone(),
        task_id: "t".to_owned(),
        after: newest - 1,
        now: NOW,
    };
    let events = case.perform("events", events).await?.events;
    let bytes: usize = events.iter().map(|event| event.payload.len()).sum();
    case.equal("the reason is cut", bytes > 4096 && bytes < 5000, true)
}
