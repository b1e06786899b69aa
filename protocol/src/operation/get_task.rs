//! GetTask (section 3.1.3).

use super::{Answered, Call, Reply, require_history_length, require_id};
use crate::agent::Agent;
use crate::error::Error;
use crate::run::{fold, log_error};
use crate::wire::GetTaskRequest;

pub(crate) fn get_task<A: Agent>(
    call: &Call<A>,
    request: &GetTaskRequest,
) -> Result<Answered, Error> {
    require_id("id", &request.id)?;
    require_history_length("historyLength", request.history_length)?;
    let stored = call
        .log(&request.tenant)
        .get(&request.id)
        .map_err(|e| log_error(&e, &request.id))?;
    let mut task = fold(stored)?;
    task.limit_history(request.history_length);
    Ok(Reply::Task(task).into())
}
