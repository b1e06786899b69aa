//! Lists tasks, newest status first.
//!
//! A page is cut from the small rows of an index range, by the sizes that they keep, before any
//! payload is read. The payloads of the tasks on the page come in one statement for the snapshots
//! and one for the tails.

mod payloads;
mod rows;
mod totals;

use crate::limits::is_scope;
use crate::{Cursor, Error, MAX_PAGE_SIZE, Operation, Page, Query, Scope, Task, Transaction};

use self::rows::Listed;

/// One page of the tasks that match.
///
/// The cost depends on the page, not on how many tasks are stored: pages are ranges of an index,
/// and totals are kept. (The total of a conversation is counted, in an index.)
///
/// Errors: [`Error::Invalid`] for a page size outside 1 to [`crate::MAX_PAGE_SIZE`].
#[derive(Clone, Debug)]
pub struct List {
    /// Whose tasks.
    pub scope: Scope,
    /// Which of them.
    pub query: Query,
    /// The time, in milliseconds since the epoch; decides which tasks are running.
    pub now: u64,
}

impl Operation for List {
    type Output = Page;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Page, Error> {
        let Self { scope, query, now } = self;
        if query.page_size == 0 || query.page_size > MAX_PAGE_SIZE {
            return Err(Error::Invalid(format!(
                "the page size is {}: use 1 to {MAX_PAGE_SIZE}",
                query.page_size
            )));
        }
        if !is_scope(scope) {
            return Ok(Page {
                tasks: Vec::new(),
                next: None,
                total: 0,
            });
        }
        let total = totals::total(transaction, scope, query).await?;
        let mut listed = rows::matching(transaction, scope, query).await?;
        let fitting = fitting(&listed, query);
        let more = listed.len() > fitting;
        listed.truncate(fitting);
        let next = listed.last().filter(|_| more).map(|last| Cursor {
            status_time: last.head.status_time,
            task_id: last.id.clone(),
        });
        let mut payloads =
            payloads::load(transaction, scope, &listed, query.include_artifacts).await?;
        let tasks = listed
            .into_iter()
            .map(|Listed { id, head }| {
                let (snapshot, tail) = payloads.take(&id)?;
                Ok(head.into_task(id, snapshot, tail, *now))
            })
            .collect::<Result<Vec<Task>, Error>>()?;
        Ok(Page { tasks, next, total })
    }
}

/// How many of the rows make up the page.
fn fitting(listed: &[Listed], query: &Query) -> usize {
    let mut bytes: u64 = 0;
    let size = usize::try_from(query.page_size).unwrap_or(usize::MAX);
    let fitting = listed.iter().take(size).take_while(|task| {
        bytes = bytes.saturating_add(task.bytes(query.include_artifacts));
        bytes <= query.max_bytes
    });
    fitting.count().max(1)
}
