//! CancelTask (section 3.1.5).
//!
//! A task that is in work is told to stop and given a moment: the agent's future is dropped at its
//! next `await`, and the run itself writes CANCELED. An agent that does not come to an `await` loses
//! the task, and CANCELED is written here.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};

use super::{Answered, Call, Reply, require_id};
use crate::agent::Agent;
use crate::error::{Error, ErrorKind};
use crate::log::{Begun, LogError, Opening, SharedLog, Started};
use crate::run::{Recorder, Until, fold, follow, log_error};
use crate::wire::{CancelTaskRequest, Task, TaskState};

/// How long a run may take to stop by itself.
const GRACE: Duration = Duration::from_secs(5);

pub(crate) async fn cancel_task<A: Agent>(
    call: &Call<A>,
    request: &CancelTaskRequest,
) -> Result<Answered, Error> {
    require_id("id", &request.id)?;
    let id = &request.id;
    let log = call.log(&request.tenant);
    let failed = |error: LogError| cancel_error(&error, id);
    let stored = log.get(id).map_err(failed)?;
    if stored.state.is_terminal() {
        return Err(not_cancelable(id, stored.state));
    }
    if stored.running {
        log.cancel(id).map_err(failed)?;
        let stopped = stopped(log.clone(), id.clone(), stored.newest);
        let stopped = pin!(stopped);
        if let Either::Left((result, _)) = select(stopped, call.platform.sleep(GRACE)).await {
            return canceled(result?, id);
        }
    }
    let resume = Opening::Resume {
        task_id: id.clone(),
        message: None,
        take_over: true,
        push: None,
    };
    match log.begin(resume) {
        Ok(Begun::Started(Started {
            run,
            task: Some(before),
            ..
        })) => {
            let newest = before.newest;
            let task = fold(before)?;
            let platform = call.platform.clone();
            let recorder = Recorder::resume(platform, log, run, task, newest, None, None);
            recorder.set_status(TaskState::Canceled, Vec::new());
            recorder.flush().map_err(failed)?;
            canceled(recorder.task(), id)
        }
        Ok(Begun::Repeated(task)) => canceled(fold(task)?, id),
        Ok(Begun::Started(Started { task: None, .. })) => Err(Error::task_not_found(id)),
        Err(error) => Err(failed(error)),
    }
}

/// The task once its run has stopped.
async fn stopped(log: SharedLog, id: String, after: u64) -> Result<Task, Error> {
    let mut events = pin!(follow(log.clone(), id.clone(), after, Until::Terminal));
    while let Some(event) = events.next().await {
        event?;
    }
    fold(log.get(&id).map_err(|e| log_error(&e, &id))?)
}

fn canceled(task: Task, id: &str) -> Result<Answered, Error> {
    if task.status.state == TaskState::Canceled {
        return Ok(Reply::Task(task).into());
    }
    Err(not_cancelable(id, task.status.state))
}

fn cancel_error(error: &LogError, id: &str) -> Error {
    match error {
        LogError::Finished(state) => not_cancelable(id, *state),
        error => log_error(error, id),
    }
}

fn not_cancelable(id: &str, state: TaskState) -> Error {
    Error::new(
        ErrorKind::TaskNotCancelable,
        format!(
            "Task {id:?} is {} and cannot be cancelled any more.",
            state.as_str()
        ),
    )
    .with("taskId", id.to_owned())
    .with("state", state.as_str().to_owned())
}
