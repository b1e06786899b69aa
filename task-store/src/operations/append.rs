//! Appends events to a task.

use crate::changes::{apply, fits};
use crate::stored::{self, head, lease_end};
use crate::{Change, Error, Evidence, Lease, Operation, Transaction, limits};

/// Writes a change and renews the lease, or ends it when the new state ends the run.
///
/// The fence decides, not the clock: a run whose lease ended while nobody claimed the task goes on.
///
/// Errors: [`Error::NotFound`], [`Error::Finished`], [`Error::Lost`], [`Error::Invalid`],
/// [`Error::TooLarge`].
#[derive(Clone, Debug)]
pub struct Append {
    /// The run that writes.
    pub lease: Lease,
    /// What it writes.
    pub change: Change,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the lease lasts from now, in milliseconds.
    pub lease_ms: u64,
}

/// What [`Append`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The number of the newest event of the task.
    pub newest: u64,
    /// Somebody asked to cancel the task.
    pub cancel_requested: bool,
    /// Webhooks have something to be sent: see [`crate::ClaimDeliveries`].
    pub push: bool,
}

impl Operation for Append {
    type Output = Appended;
    const READ_ONLY: bool = false;

    fn evidence(&self, output: &Appended) -> Evidence {
        match self.change.events.last() {
            Some(event) => stored::appended(&self.lease, output.newest, event),
            // The run still holds the task, and its state is the same again.
            None if !self.change.state.ends_run() => Evidence::Needless,
            None => Evidence::Lacking,
        }
    }

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Appended, Error> {
        limits::change(&self.change)?;
        let Lease { scope, task_id, .. } = &self.lease;
        let head = head(transaction, scope, task_id).await?;
        head.admits(&self.lease)?;
        fits(&head, &self.change)?;
        let lease_until = lease_end(self.now, self.lease_ms);
        let newest = apply(
            transaction,
            scope,
            task_id,
            &head,
            &self.change,
            self.now,
            lease_until,
        )
        .await?;
        Ok(Appended {
            newest,
            cancel_requested: head.cancel_requested,
            push: head.push > 0 && !self.change.events.is_empty(),
        })
    }
}
