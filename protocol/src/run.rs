//! Running an agent: what it emits is recorded, stored and streamed, and the run ends in one place.
//!
//! Events that an agent emits in quick succession are written to the log together. They leave
//! whenever the agent waits for something, so an agent that awaits never holds anything back, and
//! one that answers at once costs a single write. What a client sees is always stored before.

mod checkpoint;
mod drive;
mod follow;
mod recorder;

pub(crate) use checkpoint::{Checkpoint, Terms};
pub(crate) use drive::{End, drive};
pub(crate) use follow::{Until, follow};
pub(crate) use recorder::{Flushed, FrameSender, Recorder};

use crate::error::{Error, ErrorKind};
use crate::log::{LogError, StoredTask};
use crate::wire::{StreamResponse, Task};

/// One event on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number in the log: what a client names in `Last-Event-ID`. None for a direct message,
    /// which is not stored.
    pub number: Option<u64>,
    /// A `StreamResponse` in ProtoJSON.
    pub payload: Vec<u8>,
}

/// A failure of the log, for the client.
pub(crate) fn log_error(error: &LogError, task_id: &str) -> Error {
    match error {
        LogError::NotFound => Error::task_not_found(task_id),
        LogError::Finished(state) => Error::new(
            ErrorKind::UnsupportedOperation,
            format!(
                "Task {task_id:?} is {} and can no longer change. Send the message without a \
                 taskId to begin another task; its contextId keeps the conversation.",
                state.as_str()
            ),
        )
        .with("taskId", task_id.to_owned())
        .with("state", state.as_str().to_owned()),
        LogError::Busy => Error::new(
            ErrorKind::UnsupportedOperation,
            format!(
                "Task {task_id:?} still works on another message. Send this one again when it has \
                 answered, or cancel the task."
            ),
        )
        .with("taskId", task_id.to_owned()),
        LogError::Invalid(why) | LogError::TooLarge(why) => {
            Error::new(ErrorKind::InvalidParams, why.clone())
        }
        LogError::Lost => Error::new(
            ErrorKind::Internal,
            format!("Task {task_id:?} was taken over by another run."),
        ),
        LogError::Unavailable(why) => Error::new(
            ErrorKind::Unavailable,
            format!("The task log cannot be reached now ({why}). Try again."),
        ),
    }
}

/// A stored task as clients see it: its snapshot with the events after it folded in.
pub(crate) fn fold(stored: StoredTask) -> Result<Task, Error> {
    let unreadable = |error: serde_json::Error| {
        Error::new(
            ErrorKind::Internal,
            format!(
                "Task {:?} is stored in a form that cannot be read: {error}.",
                stored.id
            ),
        )
    };
    let mut task: Task = serde_json::from_slice(&stored.snapshot.task).map_err(unreadable)?;
    if let Some(artifacts) = &stored.snapshot.artifacts {
        task.artifacts = Some(serde_json::from_slice(artifacts).map_err(unreadable)?);
    }
    for event in &stored.tail {
        let event: StreamResponse = serde_json::from_slice(&event.payload).map_err(unreadable)?;
        task.apply(event);
    }
    Ok(task)
}
