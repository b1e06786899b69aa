//! Ends a run whose task is to be taken up by another one.

use crate::limits::integer;
use crate::stored::{keyed, lease_end};
use crate::{Error, Lease, Operation, Transaction, Value};

// The number goes up, so that what the run asked for last, and what may be on its way to the database
// still, does not bring its lease back.
const RELEASE: &str = "UPDATE attache_task SET fence = fence + 1, lease_until = ?4
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?5 AND lease_until > 0
RETURNING id";

/// Lets the lease of a run end now: the next [`crate::ClaimExpired`] finds its task. Returns false when
/// the run does not hold it any more.
#[derive(Clone, Debug)]
pub struct Release {
    /// The run.
    pub lease: Lease,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
}

impl Operation for Release {
    type Output = bool;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<bool, Error> {
        let Lease {
            scope,
            task_id,
            fence,
            ..
        } = &self.lease;
        let until = Value::Integer(integer(lease_end(self.now, 0)));
        let params = keyed(scope, task_id, [until, Value::Integer(*fence)]);
        Ok(!transaction.query(RELEASE, &params).await?.is_empty())
    }
}
