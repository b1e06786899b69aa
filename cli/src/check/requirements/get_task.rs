//! GetTask.

use serde_json::{Value, json};

use crate::check::probe::{NO_TASK, Probe, state, text};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds};
use crate::check::wire::{Expected, Operation};

requirements! {
    "get.known", "3.1.3", Must, "A task is given as it stands", ["CORE-GET-001"], Each => known;
    "get.unknown", "3.1.3", Must, "A task that does not exist is TaskNotFoundError", ["CORE-GET-002", "CORE-ERR-001"], Each => unknown;
    "get.without-history", "3.2.4", Should, "historyLength 0 leaves history out", ["CORE-HIST-001"], Each => without_history;
    "get.some-history", "3.2.4", Must, "No more messages than historyLength", ["CORE-HIST-002"], Each => some_history;
}

async fn known(probe: &Probe<'_>) -> Seen {
    let task = probe.ended_task().await?;
    let got = get(probe, &task, json!({})).await?;
    holds(text(&got, "id") == text(&task, "id"), || {
        format!(
            "the task {:?} instead of {:?}",
            text(&got, "id"),
            text(&task, "id")
        )
    })?;
    holds(state(&got) == state(&task), || {
        format!("{:?} instead of {:?}", state(&got), state(&task))
    })?;
    Ok(state(&got).to_owned())
}

async fn unknown(probe: &Probe<'_>) -> Seen {
    let reply = probe.wire.call(&Operation::Get(NO_TASK, json!({}))).await?;
    reply.refused_as(Expected::TASK_NOT_FOUND)
}

async fn without_history(probe: &Probe<'_>) -> Seen {
    limited(probe, 0).await
}

async fn some_history(probe: &Probe<'_>) -> Seen {
    limited(probe, 1).await
}

async fn limited(probe: &Probe<'_>, most: usize) -> Seen {
    let task = probe.ended_task().await?;
    let got = get(probe, &task, json!({ "historyLength": most })).await?;
    let length = got
        .get("history")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    holds(length <= most, || format!("{length} messages"))?;
    Ok(format!("{length} messages"))
}

async fn get(probe: &Probe<'_>, task: &Value, more: Value) -> Result<Value, Ended> {
    probe
        .wire
        .call(&Operation::Get(text(task, "id"), more))
        .await?
        .result()
}
