//! Reads one task.

use crate::{Error, Operation, Scope, Task, Transaction, stored};

/// The task with its snapshot, artifacts and tail.
///
/// Errors: [`Error::NotFound`].
#[derive(Clone, Debug)]
pub struct Get {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The time, in milliseconds since the epoch; decides whether the task is running.
    pub now: u64,
}

impl Operation for Get {
    type Output = Task;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Task, Error> {
        let head = stored::head(transaction, &self.scope, &self.task_id).await?;
        stored::task(transaction, &self.scope, &self.task_id, head, self.now).await
    }
}
