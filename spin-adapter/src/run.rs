//! A run: the right to work on one task.

use std::cell::Cell;
use std::rc::Rc;

use attache_task_store::{Append, Check, Lease, Renew, Renewal, State};

use crate::bindings::exports::attache::agent::tasks::{Change, Error, GuestRun, Placement};
use crate::leases::{LEASE, RENEWAL, abandon};
use crate::push::Courier;
use crate::store::Store;
use crate::waiting::{LONGEST, elapsed, now, pause};
use wasip2::io::poll::Pollable;

/// Behind `attache:agent/tasks.run`.
pub(crate) struct Run {
    store: Rc<Store>,
    lease: Lease,
    state: Cell<State>,
    /// The run ended itself, or lost the task. Nothing is left to give back.
    over: Cell<bool>,
    /// Somebody asked to cancel, or the task was lost.
    stop: Cell<bool>,
    /// When the database was last asked, on this instance's clock.
    asked: Cell<u64>,
    /// When the lease was last renewed, on this instance's clock.
    renewed: Cell<u64>,
    /// The task has webhooks that hear of what this run does.
    push: Cell<bool>,
}

impl Run {
    /// A run that holds a task in `state`.
    pub(crate) fn new(store: Rc<Store>, lease: Lease, state: State, over: bool) -> Self {
        Self {
            store,
            lease,
            state: Cell::new(state),
            over: Cell::new(over),
            stop: Cell::new(false),
            asked: Cell::new(elapsed()),
            renewed: Cell::new(elapsed()),
            push: Cell::new(false),
        }
    }

    /// Webhooks have something to be sent.
    pub(crate) fn notify(&self) {
        self.push.set(true);
        Courier::of_this_instance(&self.store).send_due();
    }

    /// Lets what is being sent to webhooks go on.
    fn keep_sending(&self) {
        if self.push.get() {
            Courier::of_this_instance(&self.store).advance();
        }
    }

    /// Asks the database whether to stop, renewing the lease when it is time.
    fn ask(&self) -> Result<Renewal, attache_task_store::Error> {
        let moment = elapsed();
        self.asked.set(moment);
        let leases = vec![self.lease.clone()];
        let renewals = if moment.saturating_sub(self.renewed.get()) < RENEWAL {
            self.store.perform(Check { leases })?
        } else {
            let renewals = self.store.perform(Renew {
                leases,
                now: now(),
                lease_ms: LEASE,
            })?;
            self.renewed.set(moment);
            renewals
        };
        Ok(renewals.first().copied().unwrap_or(Renewal::Lost))
    }

    fn finish_sending(&self) {
        if self.push.get() {
            Courier::of_this_instance(&self.store).finish();
        }
    }

    fn lose(&self) {
        self.over.set(true);
        self.stop.set(true);
    }
}

impl GuestRun for Run {
    fn append(&self, change: Change) -> Result<u64, Error> {
        let change = attache_task_store::Change::from(change);
        let state = change.state;
        let appended = self.store.perform(Append {
            lease: self.lease.clone(),
            change,
            now: now(),
            lease_ms: LEASE,
        });
        match appended {
            Ok(appended) => {
                let moment = elapsed();
                self.asked.set(moment);
                self.renewed.set(moment);
                self.state.set(state);
                self.over.set(state.ends_run());
                self.stop.set(self.stop.get() || appended.cancel_requested);
                if appended.push {
                    self.notify();
                }
                Ok(appended.newest)
            }
            Err(error) => {
                use attache_task_store::Error as Refusal;
                if matches!(
                    error,
                    Refusal::Lost | Refusal::Finished(_) | Refusal::NotFound
                ) {
                    self.lose();
                }
                Err(error.into())
            }
        }
    }

    fn stopping(&self) -> bool {
        self.keep_sending();
        let recent = elapsed().saturating_sub(self.asked.get()) < LONGEST;
        if self.stop.get() || self.over.get() || recent {
            return self.stop.get();
        }
        match self.ask() {
            Ok(Renewal::Held { cancel_requested }) => self.stop.set(cancel_requested),
            Ok(Renewal::Lost) => self.lose(),
            // Not a reason to stop; the next append will say more.
            Err(error) => eprintln!("attache: cannot ask whether to stop: {error}"),
        }
        self.stop.get()
    }

    fn watch(&self) -> Pollable {
        if self.stop.get() {
            return pause(0);
        }
        let waited = elapsed().saturating_sub(self.asked.get());
        pause(LONGEST.saturating_sub(waited).max(1))
    }

    /// Spin lets a component go on after its response, for as long as it wants.
    fn dispatch(&self, _checkpoint: Option<Vec<u8>>) -> Result<Placement, Error> {
        if self.over.get() {
            return Err(Error::Lost);
        }
        Ok(Placement::Here)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.over.get() {
            self.finish_sending();
            return;
        }
        if let Err(error) = abandon(&self.store, self.lease.clone(), self.state.get()) {
            // The lease ends by itself, and whoever then looks at the task fails it.
            eprintln!(
                "attache: task {:?} was left unfinished and cannot be failed now: {error}",
                self.lease.task_id
            );
        }
        // Also when nothing was appended: what ends the task is an event of it.
        self.push.set(true);
        self.finish_sending();
    }
}
