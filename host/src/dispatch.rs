//! Work after the response: where a task goes on whose client does not wait for it.
//!
//! `inline` leaves it to the instance that has it: an instance lives until its work is done, and a
//! process that ends waits for its instances. That needs a processor after the response, which Cloud
//! Run takes away under request-based billing. `cloud-tasks` lets go of the task, and has a queue send
//! a request for it ([`cloud_tasks`]); the work is then done within that request ([`callback`]).
//!
//! The log decides in every case who has a task, so a call that comes twice, late or never does no
//! harm: whoever comes second finds that there is nothing to do, and a task that nobody comes for is
//! taken up by the sweeper.
//!
//! Lifetimes: [`Dispatcher`] and [`Callback`] once per process.

mod callback;
mod cloud_tasks;
mod token;

pub use callback::{Call, Callback};
pub use cloud_tasks::{CloudTasks, NotUsable};

use std::sync::Arc;

use attache_task_store::Error;
use tracing::{Instrument, error, field, warn};

use crate::tasks::HeldRun;
use crate::telemetry::dispatch_span;
use token::Token;

/// Where a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the instance that has it.
    Here,
    /// In a request that the queue sends; this run is over.
    Elsewhere,
}

/// Decides where work goes on. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Dispatcher(Option<Arc<CloudTasks>>);

impl Dispatcher {
    /// Everything goes on where it is.
    pub fn inline() -> Self {
        Self(None)
    }

    /// Work goes on in requests that this queue sends.
    pub fn by(queue: CloudTasks) -> Self {
        Self(Some(Arc::new(queue)))
    }

    /// Whether a queue calls.
    pub fn is_by_queue(&self) -> bool {
        self.0.is_some()
    }

    /// Finds a place for `run` to go on at. Where no other can be had, that is here.
    ///
    /// # Errors
    /// When the run does not hold its task any more.
    pub async fn place(
        &self,
        run: &mut HeldRun,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<Place, Error> {
        if run.is_over() {
            return Err(Error::Lost);
        }
        let Some(queue) = &self.0 else {
            return Ok(Place::Here);
        };
        let task_id = run.lease().task_id.clone();
        let stays = |why: &dyn std::fmt::Display| {
            warn!("task {task_id:?} goes on in this instance, without a request of its own: {why}");
            Ok(Place::Here)
        };
        let Some(token) = Token::new() else {
            return stays(&"the system gives no random numbers");
        };
        let dispatched = match run.dispatch(token.as_str(), checkpoint).await {
            Ok(Some(lease)) => lease,
            // Somebody asked to cancel it, which the run has to see to.
            Ok(None) => return Ok(Place::Here),
            Err(error @ (Error::Lost | Error::Finished(_) | Error::NotFound)) => return Err(error),
            Err(error) => return stays(&error),
        };
        let span = dispatch_span("enqueue");
        let Err(failed) = queue.enqueue(&token).instrument(span.clone()).await else {
            return Ok(Place::Elsewhere);
        };
        span.record("error", field::display(&failed));
        match run.take_back(dispatched, token.as_str()).await {
            Ok(()) => stays(&failed),
            // The queue called after all, or the task was canceled.
            Err(Error::Lost | Error::Finished(_) | Error::NotFound) => Ok(Place::Elsewhere),
            Err(error) => {
                error!(
                    "task {task_id:?} waits until it is found abandoned: {failed}, and then the \
                     task log could not be reached: {error}"
                );
                Ok(Place::Elsewhere)
            }
        }
    }
}
