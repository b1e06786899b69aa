//! Moves a webhook on to its next event.

use crate::limits::integer;
use crate::outbox;
use crate::{DeliveryClaim, Error, Event, Operation, Transaction, Value};

const ADVANCE: &str = "UPDATE attache_outbox SET next = ?7, attempts = 0, due = ?8
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 AND fence = ?5 AND next = ?6
RETURNING newest";

/// Says that a webhook has its event, or that it is not to be sent it any more. Returns the event
/// after it, and renews the claim for that one; or none when the webhook has everything, was removed,
/// or was claimed by somebody else in the meantime, and then the claim is over.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The right to send.
    pub claim: DeliveryClaim,
    /// The number of the event that was sent.
    pub number: u64,
    /// The number of the last event that this settles: `number`, or more when the others are not to
    /// be sent either.
    pub through: u64,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the claim lasts from now, in milliseconds.
    pub lease_ms: u64,
}

impl Operation for Delivered {
    type Output = Option<Event>;
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Option<Event>, Error> {
        let claim = &self.claim;
        let next = self.through.max(self.number).saturating_add(1);
        let until = self.now.saturating_add(self.lease_ms);
        let numbers = [
            claim.fence,
            integer(self.number),
            integer(next),
            integer(until),
        ];
        let params = outbox::keyed(claim, numbers.map(Value::Integer));
        let newest = match transaction.query(ADVANCE, &params).await?.first_mut() {
            Some(row) => row.unsigned()?,
            None => return Ok(None),
        };
        if newest >= next {
            let event = outbox::event(transaction, &claim.scope, &claim.task_id, next).await?;
            if event.is_some() {
                return Ok(event);
            }
        }
        outbox::remove(transaction, claim).await?;
        Ok(None)
    }
}
