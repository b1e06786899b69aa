//! `attache:agent/tasks`: the durable task log, as a component sees it.
//!
//! The rules of the log are in `attache-task-store`. What is added here is life: a run is a
//! resource of an instance, its lease is renewed while it lives and its task is failed when it is
//! dropped too early ([`keeper`]); readers wake when something was written ([`wakeups`]); and runs
//! that nobody keeps alive any more are found and taken up again ([`sweeper`]).
//!
//! Lifetimes: [`Keeper`] once per process; nothing per component; [`TaskView`] once per request,
//! bound to the caller's owner.

mod claim;
mod convert;
mod database;
mod held;
mod keeper;
mod log;
mod run;
mod sweeper;
mod wakeups;
mod watch;

pub use claim::Claim;
pub use database::{OpenError, TaskDatabase};
pub use held::HeldRun;
pub use keeper::Keeper;
pub(crate) use log::HasTasks;
pub use log::{TaskLog, TaskView, Tasks};
pub use run::Run;
pub use sweeper::{Resume, Sweeper};

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a run holds its task without a sign of life.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// How long a dispatched task waits to be called for, before it counts as abandoned. A queue that
/// works calls within a second, and one that was paused for a while is not hurried.
const CALLED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// How often the signs of life are given: two may be lost.
const RENEWAL: Duration = Duration::from_secs(5);

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    milliseconds(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
    )
}
