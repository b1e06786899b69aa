use std::time::Instant;

use attache_task_store::{
    Append, Change, Database, Dispatch, Error, Fail, Lease, State, Undispatch,
};
use tokio::sync::watch;
use tracing::warn;

use super::keeper::Keeper;
use super::{CALLED_WITHIN, milliseconds, now};
use crate::telemetry::metrics;

/// What a run knows about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It holds the task.
    Working,
    /// It holds the task, and was asked to stop.
    Canceling,
    /// It does not hold the task any more.
    Over,
}

impl Standing {
    pub(super) fn should_stop(self) -> bool {
        self != Self::Working
    }
}

/// A run whose lease the [`Keeper`] renews while this value lives.
///
/// Dropped before its task reached a state that ends the run, whatever the reason, it fails the
/// task: a reader must never wait for a run that is gone.
#[derive(Debug)]
pub struct HeldRun {
    keeper: Keeper,
    number: u64,
    lease: Lease,
    standing: watch::Receiver<Standing>,
    began: Instant,
}

impl HeldRun {
    pub(super) fn new(
        keeper: Keeper,
        number: u64,
        lease: Lease,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        Self {
            keeper,
            number,
            lease,
            standing,
            began: Instant::now(),
        }
    }

    /// The right that is held.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Writes to the task. Returns the number of its newest event.
    ///
    /// # Errors
    /// Those of [`Append`].
    pub async fn append(&mut self, change: Change) -> Result<u64, Error> {
        let (state, ends_run) = (change.state, change.state.ends_run());
        let append = Append {
            lease: self.lease.clone(),
            change,
            now: now(),
            lease_ms: self.keeper.lease_ms(),
        };
        let appended = self.keeper.database().perform(append).await;
        match &appended {
            Ok(_) if ends_run => {
                metrics::task(state, Some(self.began.elapsed()));
                self.keeper.raise(self.number, Standing::Over);
            }
            Ok(appended) if appended.cancel_requested => {
                self.keeper.raise(self.number, Standing::Canceling);
            }
            Ok(_) => {}
            Err(Error::Lost | Error::Finished(_) | Error::NotFound) => {
                self.keeper.raise(self.number, Standing::Over);
            }
            Err(_) => {}
        }
        if let Ok(appended) = &appended {
            self.keeper.touch(self.number);
            if appended.push {
                self.keeper.ring_outbox();
            }
            self.keeper
                .wakeups()
                .wake(&self.lease.scope, &self.lease.task_id);
        }
        appended.map(|appended| appended.newest)
    }

    /// Ends this run and lets `token` stand for its task: see [`Dispatch`]. Returns what
    /// [`HeldRun::take_back`] needs; or none when somebody asked to cancel the task, and then this run
    /// goes on to end it.
    ///
    /// # Errors
    /// Those of [`Dispatch`].
    pub async fn dispatch(
        &mut self,
        token: &str,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<Option<Lease>, Error> {
        let dispatch = Dispatch {
            lease: self.lease.clone(),
            token: token.to_owned(),
            checkpoint,
            now: now(),
            patience_ms: milliseconds(CALLED_WITHIN),
        };
        let dispatched = self.keeper.database().perform(dispatch).await?;
        let standing = match &dispatched {
            Some(_) => Standing::Over,
            None => Standing::Canceling,
        };
        self.keeper.raise(self.number, standing);
        Ok(dispatched)
    }

    /// Goes on with a task that was dispatched, when nobody can be made to call.
    ///
    /// # Errors
    /// Those of [`Undispatch`].
    pub async fn take_back(&mut self, dispatched: Lease, token: &str) -> Result<(), Error> {
        let undispatch = Undispatch {
            lease: dispatched,
            token: token.to_owned(),
            now: now(),
            lease_ms: self.keeper.lease_ms(),
        };
        let lease = self.keeper.database().perform(undispatch).await?;
        *self = self.keeper.hold(lease, Standing::Working);
        Ok(())
    }

    /// Ends the task as failed, unless this run does not hold it any more.
    pub async fn fail(self, reason: &str) {
        if !self.is_over() {
            self.keeper.raise(self.number, Standing::Over);
            fail(&self.keeper, self.lease.clone(), reason).await;
        }
    }

    /// True when the run should come to an end: asked to, or without its task.
    pub fn should_stop(&self) -> bool {
        self.standing.borrow().should_stop()
    }

    /// True when the task is not this run's any more.
    pub fn is_over(&self) -> bool {
        *self.standing.borrow() == Standing::Over
    }

    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }
}

impl Drop for HeldRun {
    fn drop(&mut self) {
        self.keeper.forget(self.number);
        if !self.is_over() {
            self.keeper.abandon(self.lease.clone());
        }
    }
}

pub(super) async fn fail(keeper: &Keeper, lease: Lease, reason: &str) {
    let (scope, task_id) = (lease.scope.clone(), lease.task_id.clone());
    let fail = Fail {
        lease,
        reason: reason.to_owned(),
        now: now(),
    };
    match keeper.database().perform(fail).await {
        Ok(_) => {
            metrics::task(State::Failed, None);
            // Whether there are webhooks is not known here; looking costs little.
            keeper.ring_outbox();
            keeper.wakeups().wake(&scope, &task_id);
        }
        // Somebody else has it, or it has ended: then there is nothing to fail.
        Err(Error::Lost | Error::Finished(_) | Error::NotFound) => {}
        // Its lease runs out, and the sweeper fails it later.
        Err(error) => warn!("task {task_id:?} cannot be failed now: {error}"),
    }
}
