mod hearsay;
mod renewal;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use attache_task_store::{
    Begin, Begun, Cancel, Database, Error, Lease, Opening, Renew, Renewal, Scope, Task,
};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tracing::{Instrument, warn};

use super::database::TaskDatabase;
use super::held::{HeldRun, Standing, fail};
use super::news::{Gazette, Herald, News, TaskKey};
use super::wakeups::Wakeups;
use super::{milliseconds, now};

/// What readers are told about a task whose run is gone.
const ABANDONED: &str = "The agent stopped before it finished this task.";

/// Keeps the runs of this process alive, and cleans up behind those that end too early.
///
/// Leases are renewed in groups every few seconds, those that were not renewed by an append.
#[derive(Debug, Clone)]
pub struct Keeper(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: TaskDatabase,
    wakeups: Wakeups,
    /// What is to be said to other processes, until somebody does.
    gazette: Mutex<Option<Gazette>>,
    /// Rung when webhooks may have something to be sent.
    outbox: Arc<Notify>,
    idempotency_window_ms: u64,
    lease: Duration,
    held: Mutex<HashMap<u64, Held>>,
    numbers: AtomicU64,
    /// The process ends: abandoned tasks are left for the next one instead of failed.
    closing: AtomicBool,
    /// Abandoned runs whose tasks are not settled yet.
    settling: watch::Sender<usize>,
    /// Runs are dropped wherever an instance ends; what follows runs here.
    runtime: Handle,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    standing: watch::Sender<Standing>,
    /// When it was last written that the run is alive. An append says so too.
    renewed: Instant,
}

/// How runs are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// How long a repeated message finds the task that it began; none turns that off.
    pub idempotency_window: Option<Duration>,
    /// How long a run holds its task without a sign of life.
    pub lease: Duration,
}

/// Fifteen seconds, and no message is found again.
impl Default for Keeping {
    fn default() -> Self {
        Self {
            idempotency_window: None,
            lease: Duration::from_secs(15),
        }
    }
}

/// How a run began.
#[derive(Debug)]
pub(super) enum Beginning {
    Started {
        run: HeldRun,
        task: Option<Task>,
        checkpoint: Option<Vec<u8>>,
        dispatched: bool,
    },
    Repeated(Task),
}

impl Keeper {
    /// A keeper of runs in `database`. Call it on the runtime that is to do the work.
    pub fn new(database: TaskDatabase, keeping: Keeping) -> Self {
        let (herald, gazette) = match database.shared() {
            Some(postgres) => {
                let (herald, gazette) = Herald::through(postgres.clone());
                (herald, Some(gazette))
            }
            None => (Herald::default(), None),
        };
        Self(Arc::new(Inner {
            database,
            wakeups: Wakeups::with(herald),
            gazette: Mutex::new(gazette),
            outbox: Arc::default(),
            idempotency_window_ms: keeping.idempotency_window.map_or(0, milliseconds),
            lease: keeping.lease,
            held: Mutex::default(),
            numbers: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            settling: watch::channel(0).0,
            runtime: Handle::current(),
        }))
    }

    /// How long a run holds its task without a sign of life.
    pub fn lease(&self) -> Duration {
        self.0.lease
    }

    /// The same in milliseconds, for operations.
    pub(crate) fn lease_ms(&self) -> u64 {
        milliseconds(self.0.lease)
    }

    /// The database behind it.
    pub fn database(&self) -> &TaskDatabase {
        &self.0.database
    }

    /// Notified when webhooks may have something to be sent.
    pub fn outbox(&self) -> Arc<Notify> {
        self.0.outbox.clone()
    }

    pub(super) fn ring_outbox(&self) {
        self.0.outbox.notify_one();
    }

    pub(super) fn wakeups(&self) -> &Wakeups {
        &self.0.wakeups
    }

    /// Begins a run. `canceled` says that it should stop at once.
    pub(super) async fn begin(
        &self,
        scope: Scope,
        opening: Opening,
        canceled: bool,
    ) -> Result<Beginning, Error> {
        let announced = matches!(&opening, Opening::Create { push: Some(_), .. });
        let begin = Begin {
            scope,
            opening,
            now: now(),
            lease_ms: self.lease_ms(),
            idempotency_window_ms: self.0.idempotency_window_ms,
        };
        match self.0.database.perform(begin).await? {
            Begun::Started {
                lease,
                task,
                checkpoint,
                dispatched,
            } => {
                if announced {
                    self.ring_outbox();
                }
                let standing = if canceled {
                    Standing::Canceling
                } else {
                    Standing::Working
                };
                Ok(Beginning::Started {
                    run: self.hold(lease, standing),
                    task,
                    checkpoint,
                    dispatched,
                })
            }
            Begun::Repeated(task) => Ok(Beginning::Repeated(task)),
        }
    }

    /// Keeps a lease alive until the value returned is dropped. An earlier run of the same task
    /// learns that it is over.
    pub(super) fn hold(&self, lease: Lease, standing: Standing) -> HeldRun {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = watch::channel(standing);
        let mut held = self.held();
        for earlier in held.values() {
            if earlier.lease.task_id == lease.task_id
                && earlier.lease.scope == lease.scope
                && earlier.lease.fence < lease.fence
            {
                earlier.standing.send_replace(Standing::Over);
            }
        }
        held.insert(
            number,
            Held {
                lease: lease.clone(),
                standing: sender,
                renewed: Instant::now(),
            },
        );
        drop(held);
        HeldRun::new(self.clone(), number, lease, receiver)
    }

    /// Whether somebody asked to cancel the task; none when this run does not hold it any more.
    pub(super) async fn is_canceled(&self, lease: &Lease) -> Result<Option<bool>, Error> {
        let leases = vec![lease.clone()];
        let renew = Renew {
            leases,
            now: now(),
            lease_ms: self.lease_ms(),
        };
        let renewals = self.0.database.perform(renew).await?;
        Ok(match renewals.first() {
            Some(Renewal::Held { cancel_requested }) => Some(*cancel_requested),
            Some(Renewal::Lost) | None => None,
        })
    }

    /// Asks the run that holds a task to stop; one of this process learns it at once.
    pub(super) async fn cancel(&self, scope: Scope, task_id: String) -> Result<(), Error> {
        let cancel = Cancel {
            scope: scope.clone(),
            task_id: task_id.clone(),
        };
        if self.0.database.perform(cancel).await? {
            for held in self.held().values() {
                if held.lease.task_id == task_id && held.lease.scope == scope {
                    raise(&held.standing, Standing::Canceling);
                }
            }
            let key = TaskKey::of(&scope, &task_id);
            self.wakeups().herald().say(News::Cancel(key));
        }
        Ok(())
    }

    /// Tells a run what became of it.
    pub(super) fn raise(&self, number: u64, standing: Standing) {
        if let Some(held) = self.held().get(&number) {
            raise(&held.standing, standing);
        }
    }

    /// Lets a lease run out.
    pub(super) fn forget(&self, number: u64) {
        self.held().remove(&number);
    }

    /// Settles the task of a run that ended too early: failed, or, when the process itself ends,
    /// left for the next process to take up.
    pub(super) fn abandon(&self, lease: Lease) {
        let keeper = self.clone();
        self.0.settling.send_modify(|count| *count += 1);
        let settle = async move {
            if keeper.0.closing.load(Ordering::Relaxed) {
                keeper.release(lease).await;
            } else {
                fail(&keeper, lease, ABANDONED).await;
            }
            keeper.0.settling.send_modify(|count| *count -= 1);
        };
        // What is said and counted belongs to the request that left the task.
        self.0.runtime.spawn(settle.in_current_span());
    }

    async fn release(&self, lease: Lease) {
        let (scope, task_id) = (lease.scope.clone(), lease.task_id.clone());
        let renew = Renew {
            leases: vec![lease],
            now: now(),
            lease_ms: 0,
        };
        if let Err(error) = self.0.database.perform(renew).await {
            warn!("task {task_id:?} cannot be released now: {error}");
        }
        self.0.wakeups.wake(&scope, &task_id);
    }

    /// From now on the process ends.
    pub fn begin_closing(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
    }

    /// Waits until abandoned tasks are settled, at most for `patience`, and closes the database.
    pub async fn close(&self, patience: Duration) {
        let mut settling = self.0.settling.subscribe();
        let settled = timeout(patience, settling.wait_for(|count| *count == 0)).await;
        if settled.is_err() {
            warn!("some tasks are left as running; the next start takes them up");
        }
        drop(settled);
        self.0.database.close().await;
    }

    fn held(&self) -> MutexGuard<'_, HashMap<u64, Held>> {
        // Nothing in here can be half done, so a panic elsewhere leaves it whole.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that is over stays over, and one that is asked to stop is not asked to go on.
fn raise(standing: &watch::Sender<Standing>, to: Standing) {
    standing.send_if_modified(|standing| {
        let raised = to > *standing;
        if raised {
            *standing = to;
        }
        raised
    });
}
