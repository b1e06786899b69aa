//! Leaves a task for somebody else to work on.

use crate::limits::{self, integer};
use crate::stored::{head, keyed, lease_end};
use crate::{Error, Evidence, Lease, Operation, Transaction, Value, checkpoint, dispatched};

const DISPATCH: &str = "UPDATE attache_task
SET fence = ?4, lease_until = ?5, checkpoint = ?6, dispatched = 1
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?7";

/// Ends a run and lets a token stand for its task: whoever calls with it claims the task with
/// [`crate::ClaimDispatched`]. If nobody does within `patience_ms`, [`crate::ClaimExpired`] finds
/// the task like one whose run was lost, and the run that takes it up is told that it is the first.
///
/// Until then the task is not running, so it can be canceled at once, and is busy for whoever wants to
/// continue it. Returns the lease for [`Undispatch`], which is not a right to write; or none when
/// somebody asked to cancel the task, which the run then has to end itself. Nothing was written then.
///
/// Errors: [`Error::NotFound`], [`Error::Finished`], [`Error::Lost`], [`Error::Invalid`] for the
/// token, [`Error::TooLarge`] for the checkpoint.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The run that ends.
    pub lease: Lease,
    /// What stands for the task. Unguessable: it is all that the claim asks for.
    pub token: String,
    /// What the run that follows is given; none leaves what there is.
    pub checkpoint: Option<Vec<u8>>,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the task waits for the call, in milliseconds.
    pub patience_ms: u64,
}

impl Operation for Dispatch {
    type Output = Option<Lease>;
    const READ_ONLY: bool = false;

    fn evidence(&self, _output: &Option<Lease>) -> Evidence {
        dispatched::evidence(&self.token)
    }

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Option<Lease>, Error> {
        limits::identifier("token", &self.token)?;
        let data = self.checkpoint.as_deref();
        limits::checkpoint(data)?;
        let Lease { scope, task_id, .. } = &self.lease;
        let head = head(transaction, scope, task_id).await?;
        head.admits(&self.lease)?;
        if head.cancel_requested {
            return Ok(None);
        }
        let bytes = checkpoint::replace(transaction, scope, task_id, head.checkpoint, data).await?;
        let fence = head.fence.saturating_add(1);
        let until = lease_end(self.now, self.patience_ms);
        let numbers = [fence, integer(until), integer(bytes), head.fence];
        let params = keyed(scope, task_id, numbers.map(Value::Integer));
        if transaction.execute(DISPATCH, &params).await? != 1 {
            return Err(Error::Lost);
        }
        dispatched::insert(transaction, &self.token, scope, task_id, self.now).await?;
        Ok(Some(Lease {
            fence,
            ..self.lease.clone()
        }))
    }
}
