//! Forgets what webhooks were not sent.

use crate::{Error, Operation, Transaction, Webhook, dead_letter};

/// Removes dead letters for good. The events stay in the log of their task.
#[derive(Clone, Debug)]
pub struct DiscardDeadLetters {
    /// Which.
    pub webhooks: Vec<Webhook>,
}

impl Operation for DiscardDeadLetters {
    /// How many there were.
    type Output = u64;
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<u64, Error> {
        let mut count = 0;
        for Webhook {
            scope,
            task_id,
            config_id,
        } in &self.webhooks
        {
            let taken = dead_letter::take(transaction, scope, task_id, config_id).await?;
            count += u64::from(taken.is_some());
        }
        Ok(count)
    }
}
