//! Takes a dispatched task back.

use crate::limits::integer;
use crate::stored::{self, head, keyed, lease_end};
use crate::{Error, Evidence, Lease, Operation, Transaction, Value, dispatched};

const UNDISPATCH: &str = "UPDATE attache_task SET fence = ?4, lease_until = ?5, dispatched = 0
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?6 AND dispatched = 1";

/// Takes a task back that nobody has claimed yet, for when there is no one to call: the token stands
/// for nothing any more, and the lease that is returned goes on where the dispatched run ended.
///
/// Errors: [`Error::NotFound`]; [`Error::Finished`]; [`Error::Lost`] when somebody else has the task.
#[derive(Clone, Debug)]
pub struct Undispatch {
    /// What [`crate::Dispatch`] returned.
    pub lease: Lease,
    /// The token that it was given.
    pub token: String,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the new lease lasts, in milliseconds.
    pub lease_ms: u64,
}

impl Operation for Undispatch {
    type Output = Lease;
    const READ_ONLY: bool = false;

    fn evidence(&self, output: &Lease) -> Evidence {
        stored::leased(output, lease_end(self.now, self.lease_ms))
    }

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Lease, Error> {
        let Lease { scope, task_id, .. } = &self.lease;
        let head = head(transaction, scope, task_id).await?;
        head.admits(&self.lease)?;
        let fence = head.fence.saturating_add(1);
        let until = lease_end(self.now, self.lease_ms);
        let numbers = [fence, integer(until), head.fence];
        let params = keyed(scope, task_id, numbers.map(Value::Integer));
        if transaction.execute(UNDISPATCH, &params).await? != 1 {
            return Err(Error::Lost);
        }
        dispatched::remove(transaction, &self.token).await?;
        Ok(Lease {
            fence,
            ..self.lease.clone()
        })
    }
}
