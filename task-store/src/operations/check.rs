//! Asks whether a run should stop, without writing.

use crate::stored::keyed;
use crate::{Error, Lease, Operation, Renewal, Transaction, Value};

const CHECK: &str = "SELECT cancel FROM attache_task
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?4 AND lease_until > 0";

/// What [`crate::Renew`] would answer about one lease, without renewing it.
///
/// For an executor that has no other way to learn of a cancellation than to ask again and again:
/// asking takes no write lock.
#[derive(Clone, Debug)]
pub struct Check {
    /// The run that asks.
    pub lease: Lease,
}

impl Operation for Check {
    type Output = Renewal;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Renewal, Error> {
        let lease = &self.lease;
        let params = keyed(&lease.scope, &lease.task_id, [Value::Integer(lease.fence)]);
        let mut rows = transaction.query(CHECK, &params).await?;
        Ok(match rows.first_mut() {
            Some(row) => Renewal::Held {
                cancel_requested: row.integer()? != 0,
            },
            None => Renewal::Lost,
        })
    }
}
