//! GetTaskPushNotificationConfig (section 3.1.8).

use super::push_config::to_wire;
use super::{Answered, Call, Reply, require_id};
use crate::agent::Agent;
use crate::error::{Error, ErrorKind};
use crate::run::log_error;
use crate::wire::TaskPushNotificationConfigRequest;

pub(crate) fn get_task_push_notification_config<A: Agent>(
    call: &Call<A>,
    request: &TaskPushNotificationConfigRequest,
) -> Result<Answered, Error> {
    call.require_push()?;
    let (task_id, id) = (&request.task_id, &request.id);
    require_id("taskId", task_id)?;
    require_id("id", id)?;
    let configs = call
        .log(&request.tenant)
        .push_configs(task_id)
        .map_err(|e| log_error(&e, task_id))?;
    let found = configs.into_iter().find(|config| config.id == *id);
    // The section names this error for an unknown configuration too.
    let config = found.ok_or_else(|| {
        Error::new(
            ErrorKind::TaskNotFound,
            format!("Task {task_id:?} has no push-notification configuration {id:?}."),
        )
        .with("taskId", task_id.clone())
        .with("id", id.clone())
    })?;
    Ok(Reply::PushConfig(to_wire(&request.tenant, task_id, config)).into())
}
