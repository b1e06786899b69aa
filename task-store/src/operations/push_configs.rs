//! Reads webhooks.

use crate::stored::head;
use crate::{Error, Operation, PushConfig, Scope, Transaction, push};

/// The webhooks of a task, ordered by the bytes of their ids. At most [`crate::MAX_PUSH_CONFIGS`].
///
/// Errors: [`Error::NotFound`].
#[derive(Clone, Debug)]
pub struct PushConfigs {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
}

impl Operation for PushConfigs {
    type Output = Vec<PushConfig>;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Vec<PushConfig>, Error> {
        let head = head(transaction, &self.scope, &self.task_id).await?;
        if head.push == 0 {
            return Ok(Vec::new());
        }
        push::all(transaction, &self.scope, &self.task_id).await
    }
}
