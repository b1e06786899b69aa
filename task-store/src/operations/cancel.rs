//! Asks a run to stop.

use crate::{Error, Operation, Scope, Transaction};

/// Marks the task, so that the run that holds it learns from its next [`crate::Append`] or
/// [`crate::Renew`] that it should stop. Returns whether a run holds the task; without one nothing
/// is written.
///
/// Errors: [`Error::NotFound`]; [`Error::Finished`] when the task has ended.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
}

impl Operation for Cancel {
    type Output = bool;
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<bool, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
