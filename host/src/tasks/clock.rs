//! What time it is, for leases and retries.
//!
//! Processes that share a database compare each other's times: a clock that is fast by the length of
//! a lease would take over tasks whose runs are alive. So they all go by the database's clock. How
//! far this machine's is from it is measured now and then, and added.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds to add to this machine's clock. One for the process: there is one database.
static AHEAD: AtomicI64 = AtomicI64::new(0);

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    of_this_machine().saturating_add_signed(AHEAD.load(Ordering::Relaxed))
}

/// Sets the clock by one that read `then` between two moments of this machine. Returns by how many
/// milliseconds this machine's is behind; negative when it is ahead.
pub(super) fn set_by(then: u64, before: u64, after: u64) -> i64 {
    let between = before.midpoint(after);
    let ahead = i64::try_from(then).unwrap_or(0) - i64::try_from(between).unwrap_or(0);
    AHEAD.store(ahead, Ordering::Relaxed);
    ahead
}

pub(super) fn of_this_machine() -> u64 {
    milliseconds(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_set_by_another() {
        let here = of_this_machine();
        assert_eq!(set_by(here + 60_010, here, here + 20), 60_000);
        assert!(now() >= here + 60_000);
        assert_eq!(set_by(here, here, here), 0);
        assert!(now() < here + 60_000);
    }
}
