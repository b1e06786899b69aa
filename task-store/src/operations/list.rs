//! Lists tasks, newest status first.

use crate::{Error, Operation, Page, Query, Scope, Transaction};

/// One page of the tasks that match.
///
/// The cost depends on the page, not on how many tasks are stored: pages are ranges of an index,
/// and totals are kept.
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

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<Page, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
