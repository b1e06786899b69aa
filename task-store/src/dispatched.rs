//! Tasks that wait for somebody else to work on them, and the tokens that stand for them.
//!
//! The row of a task says how far that is: 0 for a task that was not dispatched, or whose run has
//! begun since; 1 while nobody has it; 2 once it was claimed for a run that has not begun yet.

use crate::limits::{integer, is_identifier};
use crate::stored::{self, Head};
use crate::{Error, Evidence, Scope, Transaction, Value, counters};

/// The task waits, and whoever has the token may claim it.
pub(crate) const WAITS: i64 = 1;

/// How long a token is kept, in milliseconds: the longest that Cloud Tasks keeps a task.
const KEPT: i64 = 31 * 24 * 60 * 60 * 1000;

const INSERT: &str = "INSERT INTO attache_dispatch (token, tenant, owner, task_id, created)
VALUES (?1, ?2, ?3, ?4, ?5)";

const FIND: &str = "SELECT tenant, owner, task_id FROM attache_dispatch WHERE token = ?1";

const REMOVE: &str = "DELETE FROM attache_dispatch WHERE token = ?1";

const PRUNE: &str = "DELETE FROM attache_dispatch WHERE token IN
(SELECT token FROM attache_dispatch WHERE created <= ?1 ORDER BY created LIMIT 64)";

/// Lets a token stand for a task.
pub(crate) async fn insert<T: Transaction>(
    transaction: &mut T,
    token: &str,
    scope: &Scope,
    task_id: &str,
    now: u64,
) -> Result<(), Error> {
    let now = integer(now);
    let params = [
        Value::from(token),
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
        Value::from(task_id),
        Value::Integer(now),
    ];
    transaction.execute(INSERT, &params).await?;
    // As with messages: one in sixteen cleans up after many.
    if counters::shard(task_id) == 0 {
        let params = [Value::Integer(now.saturating_sub(KEPT))];
        transaction.execute(PRUNE, &params).await?;
    }
    Ok(())
}

/// The task that a token stands for, and its row; none when there is no such token or no such task
/// any more.
pub(crate) async fn find<T: Transaction>(
    transaction: &mut T,
    token: &str,
) -> Result<Option<(Scope, String, Head)>, Error> {
    if !is_identifier(token) {
        return Ok(None);
    }
    let rows = transaction.query(FIND, &[Value::from(token)]).await?;
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let scope = Scope {
        tenant: row.text()?,
        owner: row.text()?,
    };
    let task_id = row.text()?;
    match stored::head(transaction, &scope, &task_id).await {
        Ok(head) => Ok(Some((scope, task_id, head))),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The evidence that a token was let stand for a task: nobody else knows the token.
pub(crate) fn evidence(token: &str) -> Evidence {
    Evidence::Row(FIND, vec![Value::from(token)])
}

/// Lets a token stand for nothing.
pub(crate) async fn remove<T: Transaction>(transaction: &mut T, token: &str) -> Result<(), Error> {
    let params = [Value::from(token)];
    transaction.execute(REMOVE, &params).await.map(|_| ())
}
