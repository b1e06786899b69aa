//! Stores a webhook.

use crate::stored::head;
use crate::{Error, Operation, PushConfig, Scope, Transaction, limits, push};

/// Stores a webhook, which hears of what is appended from now on. One of the same id is replaced:
/// what that was not sent yet goes to the new address.
///
/// Errors: [`Error::NotFound`]; [`Error::Invalid`] for an id or URL that is not acceptable;
/// [`Error::TooLarge`] beyond the [`crate::MAX_PUSH_CONFIGS`] of a task.
#[derive(Clone, Debug)]
pub struct PutPushConfig {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The webhook.
    pub config: PushConfig,
}

impl Operation for PutPushConfig {
    type Output = ();
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        let head = head(transaction, &self.scope, &self.task_id).await?;
        limits::push_config(&self.config)?;
        push::put(transaction, &self.scope, &self.task_id, &head, &self.config).await
    }
}
