//! `attache:agent/tasks`: the durable task log, as a component sees it.
//!
//! The rules of the log are in `attache-task-store`. What is added here is life: a run is a
//! resource of an instance, its lease is renewed while it lives and its task is failed when it is
//! dropped too early ([`keeper`]); readers wake when something was written ([`wakeups`]), by another
//! process too ([`news`]); runs that nobody keeps alive any more are found and taken up again
//! ([`sweeper`]); and what ended long ago is removed ([`retention`]).
//!
//! Lifetimes: [`Keeper`] once per process; nothing per component; [`TaskView`] once per request,
//! bound to the agent ([`space`]) and the caller's owner.

mod calls;
mod claim;
mod clock;
mod convert;
mod database;
mod held;
mod keeper;
mod log;
mod login;
mod news;
mod onlooker;
mod retention;
mod run;
mod space;
mod sweeper;
mod wakeups;
mod watch;

pub use claim::Claim;
pub use database::{OpenError, TaskDatabase};
pub use held::HeldRun;
pub use keeper::{Keeper, Keeping};
pub(crate) use log::HasTasks;
pub use log::{TaskLog, TaskView, Tasks};
pub(crate) use login::MountedPassword;
pub use onlooker::Onlooker;
pub use retention::Retention;
pub use run::Run;
pub use space::Space;
pub use sweeper::{Resume, Sweeper};

pub(crate) use clock::{milliseconds, now};

use std::time::Duration;

/// How long a dispatched task waits to be called for, before it counts as abandoned. A queue that
/// works calls within a second, and one that was paused for a while is not hurried.
const CALLED_WITHIN: Duration = Duration::from_secs(60 * 60);
