//! Writes and reads what webhooks were not sent and will not be.

use std::fmt;

use crate::limits::integer;
use crate::stored::keyed;
use crate::{DeliveryClaim, Error, Row, Scope, Transaction, Value, outbox};

// What was buried before is kept: from the oldest of both to the newest.
const BURY: &str = "INSERT INTO attache_dead_letter
(tenant, owner, task_id, config_id, oldest, newest, reason, died)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (tenant, owner, task_id, config_id) DO UPDATE SET
oldest = CASE WHEN excluded.oldest < attache_dead_letter.oldest THEN excluded.oldest
ELSE attache_dead_letter.oldest END,
newest = CASE WHEN excluded.newest > attache_dead_letter.newest THEN excluded.newest
ELSE attache_dead_letter.newest END,
reason = excluded.reason, died = excluded.died";

const TAKE: &str = "DELETE FROM attache_dead_letter
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 RETURNING oldest, newest";

/// Which webhook of which task, of all that there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Webhook {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The webhook.
    pub config_id: String,
}

/// What a webhook was not sent and will not be, unless somebody asks for it. Its `Debug` form does
/// not show the URL, which may carry secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The webhook.
    pub webhook: Webhook,
    /// Where it goes.
    pub url: String,
    /// The number of the first event that it lacks.
    pub oldest: u64,
    /// The number of the last. Of those between some may have been delivered.
    pub newest: u64,
    /// Why the last of them was given up.
    pub reason: String,
    /// When, in milliseconds since the epoch.
    pub died: u64,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("webhook", &self.webhook)
            .field("oldest", &self.oldest)
            .field("newest", &self.newest)
            .field("reason", &self.reason)
            .field("died", &self.died)
            .finish_non_exhaustive()
    }
}

impl DeadLetter {
    /// From `tenant, owner, task_id, config_id, url, oldest, newest, reason, died`.
    pub(crate) fn read(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            webhook: Webhook {
                scope: Scope {
                    tenant: row.text()?,
                    owner: row.text()?,
                },
                task_id: row.text()?,
                config_id: row.text()?,
            },
            url: row.text()?,
            oldest: row.unsigned()?,
            newest: row.unsigned()?,
            reason: row.text()?,
            died: row.unsigned()?,
        })
    }
}

/// Notes that events are not sent. The caller has settled them in this transaction.
pub(crate) async fn bury<T: Transaction>(
    transaction: &mut T,
    claim: &DeliveryClaim,
    oldest: u64,
    newest: u64,
    reason: &str,
    died: u64,
) -> Result<(), Error> {
    let params = [
        Value::Integer(integer(oldest)),
        Value::Integer(integer(newest)),
        Value::from(reason),
        Value::Integer(integer(died)),
    ];
    let params = outbox::keyed(claim, params);
    transaction.execute(BURY, &params).await.map(|_| ())
}

/// Removes a row. Returns its oldest and its newest event, if there was one.
pub(crate) async fn take<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    config_id: &str,
) -> Result<Option<(u64, u64)>, Error> {
    let params = keyed(scope, task_id, [Value::from(config_id)]);
    match transaction.query(TAKE, &params).await?.first_mut() {
        Some(row) => Ok(Some((row.unsigned()?, row.unsigned()?))),
        None => Ok(None),
    }
}
