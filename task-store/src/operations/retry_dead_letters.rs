//! Sends webhooks what they were not sent.

use crate::limits::integer;
use crate::stored::{self, keyed};
use crate::{Error, Operation, Transaction, Value, Webhook, dead_letter};

// A webhook that somebody is sending something to, or that waits, starts over when that has ended:
// so nothing overtakes, and a receiver that asked for time gets it.
const PUT_BACK: &str = "INSERT INTO attache_outbox
(tenant, owner, task_id, config_id, next, newest, attempts, due, fence, since)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, ?7)
ON CONFLICT (tenant, owner, task_id, config_id) DO UPDATE SET
next = CASE WHEN excluded.next < attache_outbox.next THEN excluded.next
ELSE attache_outbox.next END,
newest = excluded.newest, attempts = 0, since = excluded.since";

/// Puts dead letters back into the outbox. Each webhook is sent every event from the oldest that it
/// lacks to the newest of its task, in order: so it gets those once more that it got in between.
/// Webhooks without a dead letter are left alone.
#[derive(Clone, Debug)]
pub struct RetryDeadLetters {
    /// Which.
    pub webhooks: Vec<Webhook>,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
}

impl Operation for RetryDeadLetters {
    /// How many were put back.
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
            let Some((oldest, _)) = taken else {
                continue;
            };
            let head = stored::head(transaction, scope, task_id).await?;
            let numbers = [oldest, head.newest, self.now];
            let numbers = numbers.map(|number| Value::Integer(integer(number)));
            let rest = [Value::from(config_id.as_str())].into_iter().chain(numbers);
            transaction
                .execute(PUT_BACK, &keyed(scope, task_id, rest))
                .await?;
            count += 1;
        }
        Ok(count)
    }
}
