//! Gives claims back that there was no time for.

use crate::{DeliveryClaim, Error, Operation, Transaction, outbox};

/// Ends claims with which nothing was tried: their webhooks are due again later, and no attempt is
/// counted. A claim that is somebody else's by now is left alone.
#[derive(Clone, Debug)]
pub struct PostponeDeliveries {
    /// Each claim, and when it is due again, in milliseconds since the epoch.
    pub claims: Vec<(DeliveryClaim, u64)>,
}

impl Operation for PostponeDeliveries {
    type Output = ();
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        for (claim, due) in &self.claims {
            outbox::release(transaction, claim, *due).await?;
        }
        Ok(())
    }
}
