//! What becomes of tasks whose run ends too early, and of all of them when the process ends.

use std::sync::atomic::Ordering;
use std::time::Duration;

use attache_task_store::{Database, Lease, Release};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{Instrument, warn};

use super::Keeper;
use crate::tasks::held::fail;
use crate::tasks::news::{self, TaskKey};
use crate::tasks::now;

/// What readers are told about a task whose run is gone.
const ABANDONED: &str = "The agent stopped before it finished this task.";
/// How long those who only look on may go on when the process ends: what they wait for may be there
/// in a moment.
const LOOKING_ON: Duration = Duration::from_millis(500);

impl Keeper {
    /// Settles the task of a run that ended too early: failed, or, when the process itself ends,
    /// left for another process to take up.
    pub(in crate::tasks) fn abandon(&self, lease: Lease) {
        let keeper = self.clone();
        self.see_through(async move {
            if keeper.0.closing.load(Ordering::Relaxed) {
                keeper.release(lease).await;
            } else {
                fail(&keeper, lease, ABANDONED).await;
            }
        });
    }

    /// Does something to its end, whoever asked for it may be gone. The end of the process waits for
    /// it.
    pub(super) fn see_through(&self, work: impl Future<Output = ()> + Send + 'static) {
        let keeper = self.clone();
        self.0.settling.send_modify(|count| *count += 1);
        let work = async move {
            work.await;
            keeper.0.settling.send_modify(|count| *count -= 1);
        };
        // What is said and counted belongs to the request that left the task.
        self.0.runtime.spawn(work.in_current_span());
    }

    async fn release(&self, lease: Lease) {
        let (scope, task_id) = (lease.scope.clone(), lease.task_id.clone());
        let release = Release { lease, now: now() };
        match self.0.database.perform(release).await {
            Ok(released) => {
                self.0.released.fetch_or(released, Ordering::Relaxed);
            }
            Err(error) => warn!("task {task_id:?} cannot be released now: {error}"),
        }
        self.0.wakeups.wake(&scope, &task_id);
    }

    /// From now on the process has only what it began: those who wait for what others do are sent
    /// there.
    pub fn begin_leaving(&self) {
        self.0.leaving.send_if_modified(|since| {
            let first = since.is_none();
            since.get_or_insert_with(Instant::now);
            first
        });
    }

    /// Waits until the process begins to end.
    pub(in crate::tasks) async fn leaves(&self) {
        // The sender is this keeper's own.
        let _ = self.0.leaving.subscribe().wait_for(Option::is_some).await;
    }

    pub(in crate::tasks) fn is_leaving(&self) -> bool {
        self.0.leaving.borrow().is_some()
    }

    /// Waits until those who only look on have to go.
    pub(in crate::tasks) async fn sends_away(&self) {
        let mut leaving = self.0.leaving.subscribe();
        let since = leaving.wait_for(Option::is_some).await;
        let since = since.ok().and_then(|since| *since);
        if let Some(since) = since {
            sleep_until(since + LOOKING_ON).await;
        }
    }

    /// Whether a run of this process holds the task.
    pub(in crate::tasks) fn works_on(&self, key: TaskKey) -> bool {
        let held = self.held();
        let mut leases = held.values().map(|held| &held.lease);
        leases.any(|lease| TaskKey::of(&lease.scope, &lease.task_id) == key)
    }

    /// From now on what is abandoned is left for other processes.
    pub fn begin_closing(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
    }

    /// Waits until abandoned tasks are settled, at most for `patience`, and tells the other processes
    /// that there are some to be taken up.
    pub async fn settle(&self, patience: Duration) {
        let mut settling = self.0.settling.subscribe();
        let settled = async {
            // The sender is this keeper's own.
            let _ = settling.wait_for(|count| *count == 0).await;
            if self.0.released.load(Ordering::Relaxed)
                && let Some(postgres) = self.0.database.shared()
            {
                news::leave(postgres).await;
            }
        };
        if timeout(patience, settled).await.is_err() {
            warn!("some tasks are left as running; others take them up when their leases end");
        }
    }

    /// Somebody left tasks to be taken up.
    pub(super) fn inherit(&self) {
        self.0.inheritance.notify_one();
    }

    /// Waits until somebody has left tasks.
    pub(in crate::tasks) async fn inherits(&self) {
        self.0.inheritance.notified().await;
    }
}
