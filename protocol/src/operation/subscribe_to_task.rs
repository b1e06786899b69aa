//! SubscribeToTask (section 3.1.6): the task as it stands, then every event until it has ended.
//!
//! The snapshot and the events after it come from one log, so nothing is missed or seen twice. A
//! client that lost its connection sends `Last-Event-ID` and gets the events after that number
//! instead of the snapshot, even when the task has ended meanwhile.

use futures_util::stream::{self, StreamExt as _};

use super::{Answered, Call, Reply, require_id};
use crate::agent::Agent;
use crate::error::{Error, ErrorKind};
use crate::log::StoredTask;
use crate::run::{Frame, Until, fold, follow, log_error};
use crate::wire::{StreamResponse, SubscribeToTaskRequest};

pub(crate) fn subscribe_to_task<A: Agent>(
    call: &Call<A>,
    request: &SubscribeToTaskRequest,
) -> Result<Answered, Error> {
    call.require_streaming()?;
    require_id("id", &request.id)?;
    let log = call.log(&request.tenant);
    let stored = log
        .get(&request.id)
        .map_err(|e| log_error(&e, &request.id))?;
    let id = request.id.clone();
    if let Some(after) = call.last_event_id.filter(|after| *after < stored.newest) {
        return Ok(Reply::Stream(follow(log, id, after, Until::Terminal).boxed_local()).into());
    }
    if stored.state.is_terminal() {
        return Err(Error::new(
            ErrorKind::UnsupportedOperation,
            format!(
                "Task {id:?} is {}: no event will follow. Read it with GetTask.",
                stored.state.as_str()
            ),
        )
        .with("taskId", id)
        .with("state", stored.state.as_str().to_owned()));
    }
    if call.last_event_id == Some(stored.newest) {
        let after = stored.newest;
        return Ok(Reply::Stream(follow(log, id, after, Until::Terminal).boxed_local()).into());
    }
    let after = stored.newest;
    let first = snapshot_frame(stored, None)?;
    let frames = stream::iter([Ok(first)]).chain(follow(log, id, after, Until::Terminal));
    Ok(Reply::Stream(frames.boxed_local()).into())
}

/// A stored task as the first frame of a stream.
pub(crate) fn snapshot_frame(
    stored: StoredTask,
    history_length: Option<i32>,
) -> Result<Frame, Error> {
    let number = Some(stored.newest);
    let mut task = fold(stored)?;
    task.limit_history(history_length);
    let task = StreamResponse::Task(task);
    let payload = serde_json::to_vec(&task).map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            format!("The task cannot be printed: {error}."),
        )
    })?;
    Ok(Frame { number, payload })
}
