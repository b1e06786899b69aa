//! DeleteTaskPushNotificationConfig (section 3.1.10). To delete again is no error.

use super::{Answered, Call, Reply, require_id};
use crate::agent::Agent;
use crate::error::Error;
use crate::run::log_error;
use crate::wire::TaskPushNotificationConfigRequest;

pub(crate) fn delete_task_push_notification_config<A: Agent>(
    call: &Call<A>,
    request: &TaskPushNotificationConfigRequest,
) -> Result<Answered, Error> {
    call.require_push()?;
    require_id("taskId", &request.task_id)?;
    require_id("id", &request.id)?;
    call.log(&request.tenant)
        .delete_push_config(&request.task_id, &request.id)
        .map_err(|e| log_error(&e, &request.task_id))?;
    Ok(Reply::Empty.into())
}
