//! CreateTaskPushNotificationConfig (section 3.1.7). One of the same id is replaced.

use super::push_config::to_wire;
use super::{Answered, Call, Reply, require_id};
use crate::agent::Agent;
use crate::error::Error;
use crate::run::log_error;
use crate::wire::TaskPushNotificationConfig;

pub(crate) fn create_task_push_notification_config<A: Agent>(
    call: &Call<A>,
    request: TaskPushNotificationConfig,
) -> Result<Answered, Error> {
    call.require_push()?;
    require_id("taskId", &request.task_id)?;
    let (tenant, task_id) = (request.tenant.clone(), request.task_id.clone());
    let config = call.accept_push(request, "")?;
    call.log(&tenant)
        .put_push_config(&task_id, config.clone())
        .map_err(|e| log_error(&e, &task_id))?;
    Ok(Reply::PushConfig(to_wire(&tenant, &task_id, config)).into())
}
