//! Plans another attempt.

use crate::limits::integer;
use crate::{DeliveryClaim, Error, Evidence, Operation, Transaction, Value, outbox};

const RETRY: &str = "UPDATE attache_outbox SET attempts = attempts + 1, due = ?7
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 AND fence = ?5 AND next = ?6";

// Nobody else plans anything for this claim.
const RETRIED: &str = "SELECT next FROM attache_outbox
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 AND fence = ?5 AND next = ?6
AND due = ?7";

/// Says that a webhook could not be sent its event, and ends the claim. Nothing is written when the
/// webhook was removed, or was claimed by somebody else in the meantime.
#[derive(Clone, Debug)]
pub struct DeliveryFailed {
    /// The right to send.
    pub claim: DeliveryClaim,
    /// The number of the event that was tried.
    pub number: u64,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// When to try again, in milliseconds since the epoch.
    pub retry_at: u64,
}

impl Operation for DeliveryFailed {
    type Output = ();
    const READ_ONLY: bool = false;

    fn evidence(&self, _output: &()) -> Evidence {
        Evidence::Row(RETRIED, self.params())
    }

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        if transaction.execute(RETRY, &self.params()).await? == 0 {
            outbox::start_over(transaction, &self.claim, self.number, self.now).await?;
        }
        Ok(())
    }
}

impl DeliveryFailed {
    fn params(&self) -> Vec<Value> {
        let numbers = [
            self.claim.fence,
            integer(self.number),
            integer(self.retry_at),
        ];
        outbox::keyed(&self.claim, numbers.map(Value::Integer))
    }
}
