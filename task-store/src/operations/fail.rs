//! Ends a task whose run is gone.

use crate::changes::apply;
use crate::failure::failed_event;
use crate::stored::{self, head};
use crate::{Change, Error, Evidence, Lease, Operation, State, Transaction};

/// Appends one FAILED event with the reason and ends the run. Returns the number of the event.
///
/// For the host: the run trapped, was killed, or was claimed by [`crate::ClaimExpired`] and cannot
/// be resumed. The snapshot stays as it is, and the event is in the tail.
///
/// Errors: [`Error::NotFound`], [`Error::Finished`], [`Error::Lost`].
#[derive(Clone, Debug)]
pub struct Fail {
    /// The run that ended.
    pub lease: Lease,
    /// One sentence for the user. Cut after 4,096 bytes.
    pub reason: String,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
}

impl Operation for Fail {
    type Output = u64;
    const READ_ONLY: bool = false;

    fn evidence(&self, output: &u64) -> Evidence {
        let event = self.event(&self.lease.context_id, *output);
        stored::appended(&self.lease, *output, &event)
    }

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<u64, Error> {
        let Lease { scope, task_id, .. } = &self.lease;
        let head = head(transaction, scope, task_id).await?;
        head.admits(&self.lease)?;
        let number = head.newest + 1;
        let event = self.event(&head.context_id, number);
        let change = Change {
            events: vec![event],
            state: State::Failed,
            status_time: self.now,
            snapshot: None,
            checkpoint: None,
        };
        // No limit applies: a task that is full must still be able to end.
        apply(transaction, scope, task_id, &head, &change, self.now, 0).await
    }
}

impl Fail {
    fn event(&self, context_id: &str, number: u64) -> Vec<u8> {
        let task_id = &self.lease.task_id;
        failed_event(task_id, context_id, number, &self.reason, self.now)
    }
}
