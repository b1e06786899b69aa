//! Finds the runs that nobody keeps alive any more.

use crate::{Error, Lease, Operation, Transaction};

/// Takes over tasks whose lease ended, in every scope, longest ended first. Each comes with a new
/// lease: the caller resumes the task with it, or ends it with [`crate::Fail`].
///
/// A request to cancel the task stays.
#[derive(Clone, Copy, Debug)]
pub struct ClaimExpired {
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the new leases last, in milliseconds.
    pub lease_ms: u64,
    /// Most tasks to take over.
    pub limit: u32,
}

impl Operation for ClaimExpired {
    type Output = Vec<Lease>;
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<Vec<Lease>, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
