//! Moves a webhook on to its next event.

use crate::{DeliveryClaim, Error, Event, Operation, Transaction, outbox};

/// Says that a webhook has its event. Returns the event after it, and renews the claim for that one;
/// or none when the webhook has everything, was removed, was claimed by somebody else in the
/// meantime, or is to start over ([`crate::RetryDeadLetters`]), and then the claim is over.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The right to send.
    pub claim: DeliveryClaim,
    /// The number of the event that was sent.
    pub number: u64,
    /// The number of the last event that this settles: `number`, or more when what was sent tells of
    /// the others too.
    pub through: u64,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the claim lasts from now, in milliseconds.
    pub lease_ms: u64,
}

impl Operation for Delivered {
    type Output = Option<Event>;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Option<Event>, Error> {
        let advanced = outbox::advance(
            transaction,
            &self.claim,
            self.number,
            self.through.max(self.number),
            self.now,
            self.lease_ms,
        );
        Ok(advanced.await?.and_then(|advanced| advanced.event))
    }
}
