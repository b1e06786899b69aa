//! Finds the task that a token stands for.

use crate::limits::integer;
use crate::stored::{self, keyed, lease_end};
use crate::{Error, Evidence, Lease, Operation, Transaction, Value, dispatched};

const CLAIM: &str = "UPDATE attache_task SET fence = ?4, lease_until = ?5,
dispatched = CASE WHEN dispatched > 0 THEN 2 ELSE 0 END
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?6";

/// Claims the task that was dispatched under a token, as often as it is called: while somebody has
/// the task it is left to them, and when their run was lost it is claimed again. Like
/// [`crate::ClaimExpired`] it gives a lease to resume the task with, or to end it with
/// [`crate::Fail`].
#[derive(Clone, Debug)]
pub struct ClaimDispatched {
    /// What [`crate::Dispatch`] was given.
    pub token: String,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the lease lasts, in milliseconds.
    pub lease_ms: u64,
}

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DispatchClaim {
    /// A task that is the caller's now.
    Claimed {
        /// The right to it.
        lease: Lease,
        /// Somebody asked to cancel the task.
        canceled: bool,
    },
    /// A task that somebody has: ask again later, in case they lose it.
    Running,
    /// A task that ended, or waits for its client. The token stands for nothing any more.
    Ended,
    /// No task, or none any more.
    Unknown,
}

impl Operation for ClaimDispatched {
    type Output = DispatchClaim;
    const READ_ONLY: bool = false;

    fn evidence(&self, output: &DispatchClaim) -> Evidence {
        match output {
            DispatchClaim::Claimed { lease, .. } => {
                stored::leased(lease, lease_end(self.now, self.lease_ms))
            }
            _ => Evidence::Needless,
        }
    }

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<DispatchClaim, Error> {
        let found = dispatched::find(transaction, &self.token).await?;
        let Some((scope, task_id, head)) = found else {
            return Ok(DispatchClaim::Unknown);
        };
        if head.rests() {
            dispatched::remove(transaction, &self.token).await?;
            return Ok(DispatchClaim::Ended);
        }
        if head.is_held(self.now) && head.dispatched != dispatched::WAITS {
            return Ok(DispatchClaim::Running);
        }
        let fence = head.fence.saturating_add(1);
        let until = lease_end(self.now, self.lease_ms);
        let numbers = [fence, integer(until), head.fence];
        let params = keyed(&scope, &task_id, numbers.map(Value::Integer));
        if transaction.execute(CLAIM, &params).await? != 1 {
            return Ok(DispatchClaim::Running);
        }
        Ok(DispatchClaim::Claimed {
            lease: Lease {
                scope,
                task_id,
                context_id: head.context_id,
                fence,
            },
            canceled: head.cancel_requested,
        })
    }
}
