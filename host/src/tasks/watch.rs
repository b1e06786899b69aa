use tokio::sync::watch;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::Pollable;

use super::held::Standing;
use super::wakeups::Sleeper;

/// Ready when there may be an event that the reader does not have.
pub(super) struct TaskWatch {
    /// None once it is ready: it stays so.
    sleeper: Option<Sleeper>,
}

impl TaskWatch {
    /// Ready at once.
    pub(super) fn ready_now() -> Self {
        Self { sleeper: None }
    }

    /// Ready at the next news.
    pub(super) fn asleep(sleeper: Sleeper) -> Self {
        Self {
            sleeper: Some(sleeper),
        }
    }
}

#[async_trait]
impl Pollable for TaskWatch {
    async fn ready(&mut self) {
        if let Some(sleeper) = &mut self.sleeper {
            sleeper.sleep().await;
            self.sleeper = None;
        }
    }
}

/// Ready when a run should stop.
pub(super) struct StopWatch(pub(super) watch::Receiver<Standing>);

#[async_trait]
impl Pollable for StopWatch {
    async fn ready(&mut self) {
        // Without a sender the run is over.
        let _ = self.0.wait_for(|standing| standing.should_stop()).await;
    }
}
