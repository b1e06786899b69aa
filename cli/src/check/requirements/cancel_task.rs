//! CancelTask.

use crate::check::probe::{NO_TASK, Probe, text};
use crate::check::requirement::requirements;
use crate::check::verdict::Seen;
use crate::check::wire::{Expected, Operation};

requirements! {
    "cancel.unknown", "3.1.5", Must, "A task that does not exist is TaskNotFoundError", ["CORE-CANCEL-003"], Each => unknown;
    "cancel.ended", "3.1.5", Must, "A task that has ended is TaskNotCancelableError", ["CORE-CANCEL-002"], Each => ended;
}

async fn unknown(probe: &Probe<'_>) -> Seen {
    let reply = probe.wire.call(&Operation::Cancel(NO_TASK)).await?;
    reply.refused_as(Expected::TASK_NOT_FOUND)
}

async fn ended(probe: &Probe<'_>) -> Seen {
    let task = probe.ended_task().await?;
    let reply = probe
        .wire
        .call(&Operation::Cancel(text(&task, "id")))
        .await?;
    reply.refused_as(Expected::TASK_NOT_CANCELABLE)
}
