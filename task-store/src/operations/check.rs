//! Asks whether runs should stop, without writing.

use crate::stored::keyed;
use crate::{Error, Lease, Operation, Renewal, Transaction, Value};

const CHECK: &str = "SELECT cancel FROM attache_task
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?4 AND lease_until > 0";

/// What [`crate::Renew`] would answer about leases, without renewing them, in the order given.
///
/// For an executor that has no other way to learn of a cancellation than to ask again and again:
/// asking takes no write lock.
#[derive(Clone, Debug)]
pub struct Check {
    /// The runs that ask.
    pub leases: Vec<Lease>,
}

impl Operation for Check {
    type Output = Vec<Renewal>;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Vec<Renewal>, Error> {
        let mut renewals = Vec::with_capacity(self.leases.len());
        for lease in &self.leases {
            let params = keyed(&lease.scope, &lease.task_id, [Value::Integer(lease.fence)]);
            let mut rows = transaction.query(CHECK, &params).await?;
            renewals.push(match rows.first_mut() {
                Some(row) => Renewal::Held {
                    cancel_requested: row.integer()? != 0,
                },
                None => Renewal::Lost,
            });
        }
        Ok(renewals)
    }
}
