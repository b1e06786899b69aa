use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attache_task_store::{ClaimExpired, Database, Lease, Scope};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tracing::{info, warn};

use super::claim::Claim;
use super::keeper::Keeper;
use super::log::Tasks;
use super::now;
use crate::engine::RESUMED_INSTANCES;
use crate::work::Work;

/// How often expired leases are looked for in the time of a lease.
const SWEEPS: u32 = 3;

/// Hands a stored task to the component that it belongs to.
pub trait Resume: Send + Sync {
    /// Calls `worker.run` in a fresh instance whose log is `tasks`, for the task of this scope.
    ///
    /// The error is what the component or the engine said, or that there is no such component.
    fn resume(
        &self,
        tasks: Tasks,
        scope: Scope,
        task_id: String,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;
}

/// Finds tasks whose run nobody keeps alive any more, and has them resumed or fails them.
///
/// Each is claimed first, so that of several processes one takes it up.
pub struct Sweeper {
    keeper: Keeper,
    resume: Arc<dyn Resume>,
    work: Work,
    slots: Arc<Semaphore>,
}

impl Sweeper {
    /// A sweeper that does its work under `work`.
    pub fn new(keeper: Keeper, resume: Arc<dyn Resume>, work: Work) -> Self {
        let slots = Arc::new(Semaphore::new(RESUMED_INSTANCES as usize));
        Self {
            keeper,
            resume,
            work,
            slots,
        }
    }

    /// Sweeps now and then every few seconds, sooner when another process has left tasks or when
    /// there were more of them than could be taken up at once. Ends when the process does.
    pub async fn run(self) {
        let pause = self.keeper.lease() / SWEEPS;
        while !self.keeper.is_leaving() {
            let may_be_more = self.sweep().await;
            tokio::select! {
                // Several processes that share a database should not all look at the same moment.
                () = sleep(pause.mul_f64(0.75 + fastrand::f64() / 2.0)) => {}
                () = self.keeper.inherits() => {}
                _ = self.slots.acquire(), if may_be_more => {}
                () = self.keeper.leaves() => {}
            }
        }
    }

    /// Returns whether there may be more tasks than there was room for.
    async fn sweep(&self) -> bool {
        let limit = u32::try_from(self.slots.available_permits()).unwrap_or(u32::MAX);
        if limit == 0 {
            return true;
        }
        let claim = ClaimExpired {
            now: now(),
            lease_ms: self.keeper.lease_ms(),
            limit,
        };
        let leases = match self.keeper.database().perform(claim).await {
            Ok(leases) => leases,
            Err(error) => {
                warn!("tasks without a run cannot be looked for: {error}");
                return false;
            }
        };
        let may_be_more = leases.len() >= limit as usize;
        for lease in leases {
            // Only this loop takes slots, and it claimed no more than there are.
            let Ok(slot) = self.slots.clone().try_acquire_owned() else {
                return true;
            };
            let (keeper, resume) = (self.keeper.clone(), self.resume.clone());
            self.work.spawn(async move {
                take_up(&keeper, &*resume, lease).await;
                drop(slot);
            });
        }
        may_be_more
    }
}

async fn take_up(keeper: &Keeper, resume: &dyn Resume, lease: Lease) {
    let task_id = lease.task_id.clone();
    let canceled = match keeper.is_canceled(&lease).await {
        Ok(Some(canceled)) => canceled,
        Ok(None) => return,
        Err(error) => return warn!("task {task_id:?} cannot be taken up: {error}"),
    };
    let claim = Claim {
        lease,
        canceled,
        called: false,
    };
    info!("task {task_id:?} has no run any more and is taken up");
    claim.take_up(keeper, resume).await;
}
