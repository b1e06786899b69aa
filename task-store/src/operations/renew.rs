//! Keeps runs alive.

use crate::limits::integer;
use crate::stored::{keyed, lease_end};
use crate::{Error, Lease, Operation, Renewal, Transaction, Value};

const RENEW: &str = "UPDATE attache_task SET lease_until = ?4
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?5 AND lease_until > 0
RETURNING cancel";

/// Extends leases. Returns what became of each, in the order given.
#[derive(Clone, Debug)]
pub struct Renew {
    /// The runs that are alive.
    pub leases: Vec<Lease>,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the leases last from now, in milliseconds.
    pub lease_ms: u64,
}

impl Operation for Renew {
    type Output = Vec<Renewal>;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Vec<Renewal>, Error> {
        let until = Value::Integer(integer(lease_end(self.now, self.lease_ms)));
        let mut renewals = Vec::with_capacity(self.leases.len());
        for lease in &self.leases {
            let rest = [until.clone(), Value::Integer(lease.fence)];
            let params = keyed(&lease.scope, &lease.task_id, rest);
            let mut rows = transaction.query(RENEW, &params).await?;
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
