//! Removes what ended long ago.
//!
//! The log grows with every task, so a deployment may say for how long it keeps them. One operation
//! removes a little, and says whether there is more: a commit stays short, and writers of other tasks
//! wait for a moment at the most. A task with very many events loses them first, over several
//! operations.

use crate::limits::integer;
use crate::stored::keyed;
use crate::{Error, Operation, Row, Scope, State, Transaction, Value, counters};

/// Rows of one kind that one operation removes.
const TASKS: i64 = 64;
const EVENTS: u64 = 2_000;
const OTHERS: i64 = 64;

// What a webhook has yet to be sent is kept until it was sent or given up.
const ENDED: &str = "SELECT tenant, owner, id, state FROM attache_task AS task
WHERE state IN (3, 4, 5, 7) AND status_time < ?1 AND NOT EXISTS
(SELECT 1 FROM attache_outbox AS outbox WHERE outbox.tenant = task.tenant
AND outbox.owner = task.owner AND outbox.task_id = task.id)
ORDER BY status_time LIMIT ?2";

const EVENTS_OF: &str = "DELETE FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND number IN (SELECT number FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 ORDER BY number LIMIT ?4)";

const SNAPSHOT_OF: &str = "DELETE FROM attache_snapshot
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3";

const WEBHOOKS_OF: &str = "DELETE FROM attache_push
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3";

const DEAD_LETTERS_OF: &str = "DELETE FROM attache_dead_letter
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3";

const TASK: &str = "DELETE FROM attache_task WHERE tenant = ?1 AND owner = ?2 AND id = ?3";

const DEAD_LETTERS: &str = "DELETE FROM attache_dead_letter
WHERE (tenant, owner, task_id, config_id) IN (SELECT tenant, owner, task_id, config_id
FROM attache_dead_letter WHERE died < ?1 ORDER BY died LIMIT ?2)";

const STATE: &str = "DELETE FROM attache_state WHERE (tenant, owner, context_id, name) IN
(SELECT tenant, owner, context_id, name FROM attache_state AS kept
WHERE updated < ?1 AND NOT EXISTS (SELECT 1 FROM attache_task AS task
WHERE task.tenant = kept.tenant AND task.owner = kept.owner AND task.context_id = kept.context_id)
ORDER BY updated LIMIT ?2)";

/// Removes a few of the tasks that ended before a time, oldest first, with everything that is
/// theirs; of the dead letters that are as old; and of what agents kept for conversations that have
/// no task any more. Tasks that work or wait for their client are never removed, nor those whose
/// webhooks have something to be sent.
///
/// A message that began a task must be forgotten before the task is: `before` is further back than
/// the window of [`crate::Begin`].
#[derive(Clone, Copy, Debug)]
pub struct Expire {
    /// Older than this goes, in milliseconds since the epoch.
    pub before: u64,
}

/// What [`Expire`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Tasks.
    pub tasks: u64,
    /// Dead letters, beside those of the tasks.
    pub dead_letters: u64,
    /// Values that agents kept.
    pub values: u64,
    /// There is more of the same age.
    pub more: bool,
}

impl Operation for Expire {
    type Output = Expired;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Expired, Error> {
        let before = Value::Integer(integer(self.before));
        let mut expired = Expired::default();
        let params = [before.clone(), Value::Integer(TASKS)];
        let ended = transaction.query(ENDED, &params).await?;
        expired.more = ended.len() as u64 == TASKS as u64;
        let mut room = EVENTS;
        for row in ended {
            let (scope, id, state) = ended_task(row)?;
            let limit = Value::Integer(integer(room));
            let params = keyed(&scope, &id, [limit]);
            let removed = transaction.execute(EVENTS_OF, &params).await?;
            room = room.saturating_sub(removed);
            if room == 0 {
                expired.more = true;
                break;
            }
            for sql in [SNAPSHOT_OF, WEBHOOKS_OF, DEAD_LETTERS_OF, TASK] {
                transaction.execute(sql, &keyed(&scope, &id, [])).await?;
            }
            counters::remove(transaction, &scope, &id, state).await?;
            expired.tasks += 1;
        }
        let params = [before, Value::Integer(OTHERS)];
        expired.dead_letters = transaction.execute(DEAD_LETTERS, &params).await?;
        expired.values = transaction.execute(STATE, &params).await?;
        let others = OTHERS as u64;
        expired.more |= expired.dead_letters == others || expired.values == others;
        Ok(expired)
    }
}

fn ended_task(mut row: Row) -> Result<(Scope, String, State), Error> {
    let scope = Scope {
        tenant: row.text()?,
        owner: row.text()?,
    };
    Ok((scope, row.text()?, State::from_code(row.integer()?)?))
}
