use attache_task_store::Lease;
use tracing::warn;

use super::held::Standing;
use super::keeper::Keeper;
use super::log::{Adoption, Tasks};
use super::sweeper::Resume;

const NOT_RESUMED: &str =
    "The agent was stopped while it worked on this task, and could not take it up again.";

/// A task that is this process's to take up: its run is gone, or has yet to begin.
#[derive(Debug)]
pub struct Claim {
    /// The right to it.
    pub lease: Lease,
    /// Somebody asked to cancel it.
    pub canceled: bool,
    /// A queue called for it.
    pub called: bool,
}

impl Claim {
    /// Hands the task to the component, and fails it if the component does not take it.
    ///
    /// The claim is kept alive like any run until the component resumes the task and so takes the
    /// claim over; when the component ends without having done so, the claim is still there to fail
    /// the task with.
    pub async fn take_up(self, keeper: &Keeper, resume: &dyn Resume) {
        let Self {
            lease,
            canceled,
            called,
        } = self;
        let held = keeper.hold(lease.clone(), Standing::Working);
        let (scope, task_id) = (lease.scope.clone(), lease.task_id.clone());
        let adoption = Adoption {
            lease,
            canceled,
            called,
        };
        let tasks = Tasks::adopting(keeper.clone(), adoption);
        if let Err(reason) = resume.resume(tasks, scope, task_id.clone()).await {
            warn!("the component did not take up task {task_id:?}: {reason}");
        }
        held.fail(NOT_RESUMED).await;
    }
}
