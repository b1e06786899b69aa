//! Finds the runs that nobody keeps alive any more.

use crate::limits::integer;
use crate::stored::lease_end;
use crate::{Error, Lease, Operation, Row, Scope, Transaction, Value};

// The condition is repeated for a row that somebody else claimed while this waited for it.
const CLAIM: &str = "UPDATE attache_task SET fence = fence + 1, lease_until = ?2,
dispatched = CASE WHEN dispatched > 0 THEN 2 ELSE 0 END
WHERE (tenant, owner, id) IN (SELECT tenant, owner, id FROM attache_task
WHERE lease_until > 0 AND lease_until <= ?1 ORDER BY lease_until LIMIT ?3)
AND lease_until > 0 AND lease_until <= ?1
RETURNING tenant, owner, id, context_id, fence";

/// Takes over tasks whose lease ended, in every scope, longest ended first. Each comes with a new
/// lease: the caller resumes the task with it, or ends it with [`crate::Fail`].
///
/// A request to cancel the task stays, and so does that nobody came for a dispatched one.
#[derive(Clone, Copy, Debug)]
pub struct ClaimExpired {
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the new leases last, in milliseconds.
    pub lease_ms: u64,
    /// Most tasks to take over.
    pub limit: u32,
}

impl Operation for ClaimExpired {
    type Output = Vec<Lease>;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Vec<Lease>, Error> {
        let params = [
            integer(self.now),
            integer(lease_end(self.now, self.lease_ms)),
            i64::from(self.limit),
        ];
        let rows = transaction
            .query(CLAIM, &params.map(Value::Integer))
            .await?;
        rows.into_iter().map(lease).collect()
    }
}

fn lease(mut row: Row) -> Result<Lease, Error> {
    Ok(Lease {
        scope: Scope {
            tenant: row.text()?,
            owner: row.text()?,
        },
        task_id: row.text()?,
        context_id: row.text()?,
        fence: row.integer()?,
    })
}
