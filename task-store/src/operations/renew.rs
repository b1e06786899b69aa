//! Keeps runs alive.

use crate::{Error, Lease, Operation, Renewal, Transaction};

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

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<Vec<Renewal>, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
