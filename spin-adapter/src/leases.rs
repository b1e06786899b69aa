//! How long a run may be silent, and what happens to a task whose run is gone.
//!
//! The native host renews leases in the background and knows when an instance is gone. Spin does
//! neither: a trap ends this component together with the agent, and nothing runs between requests.
//! So the lease itself has to be long enough for the longest silence of a healthy run. A run is heard
//! when it appends and when it asks whether to stop, which an agent that waits for a model does every
//! 100 ms; what remains is a computation in one piece. Two minutes are far beyond that (a guest that
//! computes for seconds already blocks one of Spin's threads), and short enough that a client whose
//! task was lost in a crash sees it FAILED while it still looks.
//!
//! A lease that ended too early costs little by itself: the run goes on and its next append renews
//! the lease, unless somebody looked at the task in between.

use attache_task_store::{Append, Change, ClaimExpired, Error, Fail, Get, Lease, State};

use crate::store::Store;
use crate::waiting::now;

/// How long a lease lasts, in milliseconds.
pub(crate) const LEASE: u64 = 120_000;
/// After this time a run that only asks whether to stop renews its lease too, in milliseconds.
pub(crate) const RENEWAL: u64 = LEASE / 3;

/// Tasks to take over at a time.
const BATCH: u32 = 100;

const LOST: &str = "The run of this task was lost: the agent trapped, or Spin was stopped.";
const ABANDONED: &str = "The agent stopped working on this task before it was done.";

/// True for a task that nobody works on although its state says so.
pub(crate) fn is_stale(state: State, running: bool) -> bool {
    !running && !state.ends_run()
}

/// Ends every task whose lease ended.
///
/// # Errors
/// [`Error::Unavailable`].
pub(crate) fn settle(store: &Store) -> Result<(), Error> {
    loop {
        let claimed = store.perform(ClaimExpired {
            now: now(),
            lease_ms: LEASE,
            limit: BATCH,
        })?;
        let all = claimed.len() < BATCH as usize;
        for lease in claimed {
            let task = store.perform(Get {
                scope: lease.scope.clone(),
                task_id: lease.task_id.clone(),
                now: now(),
            })?;
            end(store, lease, task.state, LOST)?;
        }
        if all {
            return Ok(());
        }
    }
}

/// Ends a run that its holder let go.
///
/// # Errors
/// As the store's operations.
pub(crate) fn abandon(store: &Store, lease: Lease, state: State) -> Result<(), Error> {
    end(store, lease, state, ABANDONED)
}

/// A task that waits for its user goes on waiting; one that is worked on fails.
fn end(store: &Store, lease: Lease, state: State, reason: &str) -> Result<(), Error> {
    let ended = if state.is_interrupted() {
        release(store, lease, state)
    } else {
        store
            .perform(Fail {
                lease,
                reason: reason.to_owned(),
                now: now(),
            })
            .map(|_| ())
    };
    match ended {
        // Somebody else was quicker.
        Err(Error::Finished(_) | Error::Lost | Error::NotFound) => Ok(()),
        other => other,
    }
}

/// An interrupted state ends a run, also when it is not new.
fn release(store: &Store, lease: Lease, state: State) -> Result<(), Error> {
    let task = store.perform(Get {
        scope: lease.scope.clone(),
        task_id: lease.task_id.clone(),
        now: now(),
    })?;
    store
        .perform(Append {
            lease,
            change: Change {
                events: Vec::new(),
                state,
                status_time: task.status_time,
                snapshot: None,
                checkpoint: None,
            },
            now: now(),
            lease_ms: LEASE,
        })
        .map(|_| ())
}
