//! ListTaskPushNotificationConfigs (section 3.1.9). A task has few, so the log gives all of them and
//! they are paged here.

use super::push_config::to_wire;
use super::{Answered, Call, Reply, page_token, require_id};
use crate::agent::Agent;
use crate::error::Error;
use crate::run::log_error;
use crate::wire::{
    ListTaskPushNotificationConfigsRequest, ListTaskPushNotificationConfigsResponse,
};

const MAX_PAGE_SIZE: i32 = 100;

pub(crate) fn list_task_push_notification_configs<A: Agent>(
    call: &Call<A>,
    request: &ListTaskPushNotificationConfigsRequest,
) -> Result<Answered, Error> {
    call.require_push()?;
    require_id("taskId", &request.task_id)?;
    let size = page_size(request.page_size)?;
    let after = page_token::parse(&request.page_token, Some)?;
    let mut configs = call
        .log(&request.tenant)
        .push_configs(&request.task_id)
        .map_err(|e| log_error(&e, &request.task_id))?;
    configs.retain(|config| after.as_ref().is_none_or(|after| config.id > *after));
    let more = configs.len() > size;
    configs.truncate(size);
    let next_page_token = match configs.last() {
        Some(last) if more => page_token::print(&last.id),
        _ => String::new(),
    };
    Ok(Reply::PushConfigs(ListTaskPushNotificationConfigsResponse {
        configs: configs
            .into_iter()
            .map(|config| to_wire(&request.tenant, &request.task_id, config))
            .collect(),
        next_page_token,
    })
    .into())
}

/// The field is not optional in the proto: 0 is unset.
fn page_size(requested: Option<i32>) -> Result<usize, Error> {
    match requested.unwrap_or_default() {
        0 => Ok(usize::MAX),
        size => usize::try_from(size)
            .ok()
            .filter(|_| size <= MAX_PAGE_SIZE)
            .ok_or_else(|| {
                Error::field(
                    "pageSize",
                    format!("must be 1 to {MAX_PAGE_SIZE}, and is {size}"),
                )
            }),
    }
}
