//! Reads the events of a task after a number.

use crate::{Error, Operation, Progress, Scope, Transaction};

/// The events after `after`: at most [`crate::MAX_EVENTS`], and no more than
/// [`crate::MAX_EVENTS_BYTES`] bytes unless a single one is larger.
///
/// Errors: [`Error::NotFound`].
#[derive(Clone, Debug)]
pub struct Events {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The number of the last event that the reader has; 0 for none.
    pub after: u64,
    /// The time, in milliseconds since the epoch; decides whether the task is running.
    pub now: u64,
}

impl Operation for Events {
    type Output = Progress;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<Progress, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
