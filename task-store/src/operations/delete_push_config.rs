//! Removes a webhook.

use crate::limits::is_identifier;
use crate::stored::head;
use crate::{Error, Operation, Scope, Transaction, push};

/// Removes a webhook; what it was not sent yet is not sent any more. One that does not exist is as
/// good as removed.
///
/// Errors: [`Error::NotFound`] for the task.
#[derive(Clone, Debug)]
pub struct DeletePushConfig {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The webhook.
    pub id: String,
}

impl Operation for DeletePushConfig {
    type Output = ();
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        let head = head(transaction, &self.scope, &self.task_id).await?;
        if head.push == 0 || !is_identifier(&self.id) {
            return Ok(());
        }
        push::delete(transaction, &self.scope, &self.task_id, &self.id).await
    }
}
