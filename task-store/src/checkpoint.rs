//! What a run leaves for the one that takes its task up, should it be lost.
//!
//! The size is in the row of the task, so that a task without a checkpoint costs no statement.

use crate::stored::{Head, keyed};
use crate::{Error, Scope, Transaction, Value};

const WRITE: &str = "INSERT INTO attache_checkpoint (tenant, owner, task_id, data)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (tenant, owner, task_id) DO UPDATE SET data = excluded.data";

const READ: &str = "SELECT data FROM attache_checkpoint
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3";

const REMOVE: &str = "DELETE FROM attache_checkpoint
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3";

/// Replaces a checkpoint of `before` bytes; none leaves it, an empty one removes it. Returns the
/// bytes that there are now.
pub(crate) async fn replace<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    id: &str,
    before: u64,
    data: Option<&[u8]>,
) -> Result<u64, Error> {
    match data {
        None => return Ok(before),
        Some([]) if before == 0 => {}
        Some([]) => {
            transaction.execute(REMOVE, &keyed(scope, id, [])).await?;
        }
        Some(data) => {
            let params = keyed(scope, id, [Value::from(data)]);
            transaction.execute(WRITE, &params).await?;
        }
    }
    Ok(data.map_or(0, <[u8]>::len) as u64)
}

/// The checkpoint of a task whose row was read in this transaction.
pub(crate) async fn read<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    id: &str,
    head: &Head,
) -> Result<Option<Vec<u8>>, Error> {
    if head.checkpoint == 0 {
        return Ok(None);
    }
    let rows = transaction.query(READ, &keyed(scope, id, [])).await?;
    rows.into_iter()
        .next()
        .map(|mut row| row.blob())
        .transpose()
}
