//! Which message began which task, so that a send that is repeated begins nothing.

use crate::limits::integer;
use crate::stored::keyed;
use crate::{Error, MessageKey, Scope, Transaction, Value, counters};

// One statement decides, also between two transactions that hold the same message.
const CLAIM: &str = "INSERT INTO attache_message
(tenant, owner, message_id, digest, task_id, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, owner, message_id, digest)
DO UPDATE SET task_id = excluded.task_id, created = excluded.created
WHERE attache_message.created <= ?7";

const CLAIMED: &str = "SELECT task_id FROM attache_message
WHERE tenant = ?1 AND owner = ?2 AND message_id = ?3 AND digest = ?4";

const PRUNE: &str = "DELETE FROM attache_message WHERE (tenant, owner, message_id, digest) IN
(SELECT tenant, owner, message_id, digest FROM attache_message
WHERE created <= ?1 ORDER BY created LIMIT 64)";

/// The task that this message began within the window; or none, and then the message is recorded
/// for `task_id`. A window of 0 finds and records nothing.
pub(crate) async fn claim<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    key: &MessageKey,
    task_id: &str,
    now: u64,
    window: u64,
) -> Result<Option<String>, Error> {
    if window == 0 {
        return Ok(None);
    }
    let expired = Value::Integer(integer(now).saturating_sub(integer(window)));
    let digest = Value::from(key.digest.as_slice());
    let params = [
        digest.clone(),
        Value::from(task_id),
        Value::Integer(integer(now)),
        expired.clone(),
    ];
    if transaction
        .execute(CLAIM, &keyed(scope, &key.id, params))
        .await?
        > 0
    {
        // One in sixteen cleans up after many, in any scope: fewer rows are added than it removes,
        // and two writers rarely meet on them.
        if counters::shard(task_id) == 0 {
            transaction.execute(PRUNE, &[expired]).await?;
        }
        return Ok(None);
    }
    let rows = transaction
        .query(CLAIMED, &keyed(scope, &key.id, [digest]))
        .await?;
    match rows.into_iter().next() {
        Some(mut row) => row.text().map(Some),
        None => Err(Error::Unavailable(format!(
            "the task database has lost message {:?} while it was read: try again",
            key.id
        ))),
    }
}
