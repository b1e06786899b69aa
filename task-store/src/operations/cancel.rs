//! Asks a run to stop.

use crate::stored::{head, keyed};
use crate::{Error, Operation, Scope, Transaction};

const CANCEL: &str = "UPDATE attache_task SET cancel = 1
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND lease_until > 0";

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
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<bool, Error> {
        let head = head(transaction, &self.scope, &self.task_id).await?;
        if head.state.is_terminal() {
            return Err(Error::Finished(head.state));
        }
        // Also when the lease has ended: whoever claims the task shall know.
        let params = keyed(&self.scope, &self.task_id, []);
        Ok(transaction.execute(CANCEL, &params).await? > 0)
    }
}
