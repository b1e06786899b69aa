//! Gives up on events of a webhook.

use crate::{DeliveryClaim, Error, Event, Operation, Transaction, dead_letter, outbox};

/// Says that a webhook is not to be sent its event any more, and notes that as its dead letter, in
/// one transaction. Returns the event after it, as [`crate::Delivered`] does; nothing is written when
/// the webhook was removed, or was claimed by somebody else in the meantime.
#[derive(Clone, Debug)]
pub struct DeliveryDropped {
    /// The right to send.
    pub claim: DeliveryClaim,
    /// The number of the event that was tried.
    pub number: u64,
    /// The number of the last event that is not to be sent: `number`, or more when the others are
    /// hopeless too.
    pub through: u64,
    /// Why, for whoever repairs the receiver.
    pub reason: String,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the claim lasts from now, in milliseconds.
    pub lease_ms: u64,
}

impl Operation for DeliveryDropped {
    type Output = Option<Event>;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Option<Event>, Error> {
        let through = self.through.max(self.number);
        let advanced = outbox::advance(
            transaction,
            &self.claim,
            self.number,
            through,
            self.now,
            self.lease_ms,
        );
        let Some(advanced) = advanced.await? else {
            return Ok(None);
        };
        let newest = through.min(advanced.newest);
        let (claim, number) = (&self.claim, self.number);
        dead_letter::bury(transaction, claim, number, newest, &self.reason, self.now).await?;
        Ok(advanced.event)
    }
}
