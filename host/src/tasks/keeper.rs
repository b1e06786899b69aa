use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use attache_task_store::{
    Begin, Begun, Cancel, Check, Database, Error, Lease, Opening, Renew, Renewal, Scope, Task,
};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{debug, warn};

use super::database::TaskDatabase;
use super::held::{HeldRun, Standing, fail};
use super::news::{Gazette, Herald, News, Reader, TaskKey};
use super::wakeups::Wakeups;
use super::{milliseconds, now};

/// A lease of which a third is over is renewed; it is looked for twice as often, so none is older than
/// half of its time while the database answers.
const RENEWED_AFTER: u32 = 3;
const LOOKS: u32 = 6;
/// Leases in one transaction: the more there are, the likelier another writer is in the way.
const TOGETHER: usize = 32;
/// How often runs ask whether to stop while nobody could tell them.
const ASK: Duration = Duration::from_millis(400);

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
    herald: Herald,
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
            wakeups: Wakeups::with(herald.clone()),
            herald,
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

    pub(super) fn lease_ms(&self) -> u64 {
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

    /// Renews the leases of all runs. Never ends.
    pub async fn renew(&self) {
        let mut ticks = interval(self.0.lease / LOOKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let old = self.0.lease / RENEWED_AFTER;
            let due = self.some(|held| held.renewed.elapsed() >= old);
            for due in due.chunks(TOGETHER) {
                self.renew_these(due).await;
            }
        }
    }

    async fn renew_these(&self, due: &[(u64, Lease)]) {
        let renew = Renew {
            leases: due.iter().map(|(_, lease)| lease.clone()).collect(),
            now: now(),
            lease_ms: self.lease_ms(),
        };
        match self.0.database.perform(renew).await {
            Ok(renewals) => {
                for ((number, _), renewal) in due.iter().zip(renewals) {
                    self.touch(*number);
                    self.renewed(*number, renewal);
                }
            }
            Err(error) => warn!("runs cannot show that they are alive: {error}"),
        }
    }

    /// Some of the runs of this process.
    fn some(&self, which: impl Fn(&Held) -> bool) -> Vec<(u64, Lease)> {
        self.held()
            .iter()
            .filter(|(_, held)| which(held))
            .map(|(number, held)| (*number, held.lease.clone()))
            .collect()
    }

    /// It was just written that a run is alive.
    pub(super) fn touch(&self, number: u64) {
        if let Some(held) = self.held().get_mut(&number) {
            held.renewed = Instant::now();
        }
    }

    /// Tells other processes what happens here, and hears what happens there. Never ends where there
    /// can be others.
    pub async fn exchange_news(&self) {
        let gazette = self.0.gazette.lock();
        let gazette = gazette.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(gazette) = gazette {
            tokio::join!(gazette.run(self), self.ask_whether_to_stop());
        }
    }

    /// Asks for all runs now and then, while nobody else would tell them.
    async fn ask_whether_to_stop(&self) {
        let mut ticks = interval(ASK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.0.herald.is_deaf() {
                self.check(|_| true).await;
            }
        }
    }

    /// Asks what became of some of the runs of this process.
    async fn check(&self, which: impl Fn(&Lease) -> bool) {
        let (numbers, leases): (Vec<_>, Vec<_>) =
            self.some(|held| which(&held.lease)).into_iter().unzip();
        if leases.is_empty() {
            return;
        }
        match self.0.database.perform(Check { leases }).await {
            Ok(renewals) => {
                for (number, renewal) in numbers.into_iter().zip(renewals) {
                    self.renewed(number, renewal);
                }
            }
            // The next renewal says more.
            Err(error) => debug!("runs cannot ask whether to stop: {error}"),
        }
    }

    fn renewed(&self, number: u64, renewal: Renewal) {
        match renewal {
            Renewal::Held {
                cancel_requested: false,
            } => {}
            Renewal::Held {
                cancel_requested: true,
            } => self.raise(number, Standing::Canceling),
            Renewal::Lost => self.raise(number, Standing::Over),
        }
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
            self.0.herald.say(News::Cancel(key));
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
        self.0.runtime.spawn(async move {
            if keeper.0.closing.load(Ordering::Relaxed) {
                keeper.release(lease).await;
            } else {
                fail(&keeper, lease, ABANDONED).await;
            }
            keeper.0.settling.send_modify(|count| *count -= 1);
        });
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

impl Reader for Keeper {
    fn hear(&self, news: News) {
        match news {
            News::Event(key) => self.wakeups().wake_here(key),
            News::Cancel(key) => {
                let keeper = self.clone();
                // What others say is a hint; the task itself says whether it is to be cancelled.
                self.0.runtime.spawn(async move {
                    let is_it = |lease: &Lease| TaskKey::of(&lease.scope, &lease.task_id) == key;
                    keeper.check(is_it).await;
                });
            }
        }
    }

    fn look_everywhere(&self) {
        self.wakeups().wake_all_here();
        let keeper = self.clone();
        self.0
            .runtime
            .spawn(async move { keeper.check(|_| true).await });
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
