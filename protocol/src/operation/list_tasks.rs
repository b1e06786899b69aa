//! ListTasks (section 3.1.4): keyset paging, newest status first.

use super::{Answered, Call, Reply, page_token, require_history_length};
use crate::agent::Agent;
use crate::error::Error;
use crate::log::{Cursor, Query};
use crate::run::{fold, log_error};
use crate::wire::{ListTasksRequest, ListTasksResponse, TaskState};

const DEFAULT_PAGE_SIZE: i32 = 50;
const MAX_PAGE_SIZE: i32 = 100;
/// What a page may carry. A component that lists tasks has to hold them, and Cloud Run cuts answers
/// at 32 MiB.
const PAGE_BYTES: u64 = 8 * 1024 * 1024;

pub(crate) fn list_tasks<A: Agent>(
    call: &Call<A>,
    request: &ListTasksRequest,
) -> Result<Answered, Error> {
    require_history_length("historyLength", request.history_length)?;
    let page_size = page_size(request.page_size)?;
    let query = Query {
        context_id: (!request.context_id.is_empty()).then(|| request.context_id.clone()),
        state: (request.status != TaskState::Unspecified).then_some(request.status),
        status_since: request.status_timestamp_after.map(|t| t.0),
        after: parse_token(&request.page_token)?,
        page_size,
        include_artifacts: request.include_artifacts,
        max_bytes: PAGE_BYTES,
    };
    let page = call
        .log(&request.tenant)
        .list(query)
        .map_err(|e| log_error(&e, ""))?;
    let mut tasks = Vec::with_capacity(page.tasks.len());
    for stored in page.tasks {
        let mut task = fold(stored)?;
        task.limit_history(request.history_length);
        task.artifacts = request
            .include_artifacts
            .then(|| task.artifacts.unwrap_or_default());
        tasks.push(task);
    }
    Ok(Reply::Tasks(ListTasksResponse {
        tasks,
        next_page_token: page.next.map(print_token).unwrap_or_default(),
        page_size,
        total_size: page.total,
    })
    .into())
}

fn page_size(requested: Option<i32>) -> Result<u32, Error> {
    let size = requested.unwrap_or(DEFAULT_PAGE_SIZE);
    u32::try_from(size)
        .ok()
        .filter(|_| (1..=MAX_PAGE_SIZE).contains(&size))
        .ok_or_else(|| {
            Error::field(
                "pageSize",
                format!("must be 1 to {MAX_PAGE_SIZE}, and is {size}"),
            )
        })
}

fn print_token(cursor: Cursor) -> String {
    page_token::print(format!("{}:{}", cursor.status_time, cursor.task_id))
}

fn parse_token(token: &str) -> Result<Option<Cursor>, Error> {
    page_token::parse(token, |text| {
        let (time, id) = text.split_once(':')?;
        Some(Cursor {
            status_time: time.parse().ok()?,
            task_id: id.to_owned(),
        })
    })
}
