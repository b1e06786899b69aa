//! Begins a run: creates a task, or continues one.

use crate::{Begun, Error, Opening, Operation, Scope, Transaction};

/// Creates a task or continues one, and leases it to a new run.
///
/// A message that was sent before, within the window, begins nothing: its task comes back as
/// [`Begun::Repeated`]. A resumed task forgets an earlier request to cancel it.
///
/// Errors: [`Error::Invalid`] for an identifier that is not acceptable, a first change without a
/// snapshot, or the id of a task that exists; [`Error::TooLarge`]; for `Resume` also
/// [`Error::NotFound`], [`Error::Finished`], and [`Error::Busy`] while another run holds the task
/// and `take_over` is false.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Whose task it is.
    pub scope: Scope,
    /// Create or resume.
    pub opening: Opening,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the lease lasts without [`crate::Append`] or [`crate::Renew`], in milliseconds.
    pub lease_ms: u64,
    /// How long a repeated message finds its task, in milliseconds; 0 turns this off.
    pub idempotency_window_ms: u64,
}

impl Operation for Begin {
    type Output = Begun;
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<Begun, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
