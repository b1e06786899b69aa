use tokio::sync::watch;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::Pollable;

use super::held::Standing;
use super::keeper::Keeper;
use super::news::TaskKey;
use super::onlooker::Onlooker;
use super::wakeups::Sleeper;

/// Ready when there may be an event that the reader does not have.
pub(super) struct TaskWatch {
    /// None once it is ready: it stays so.
    sleeper: Option<(Sleeper, Reader)>,
}

/// Who waits.
pub(super) struct Reader {
    pub(super) keeper: Keeper,
    pub(super) onlooker: Onlooker,
}

impl TaskWatch {
    /// Ready at once.
    pub(super) fn ready_now() -> Self {
        Self { sleeper: None }
    }

    /// Ready at the next news.
    pub(super) fn asleep(sleeper: Sleeper, reader: Reader) -> Self {
        Self {
            sleeper: Some((sleeper, reader)),
        }
    }
}

#[async_trait]
impl Pollable for TaskWatch {
    async fn ready(&mut self) {
        if let Some((sleeper, reader)) = &mut self.sleeper {
            let key = sleeper.key();
            tokio::select! {
                () = sleeper.sleep() => {}
                () = reader.is_sent_away(key) => {}
            }
            self.sleeper = None;
        }
    }
}

impl Reader {
    /// When the process ends: unless this reader works on something itself, or waits for what another
    /// run of this process has yet to say.
    async fn is_sent_away(&self, key: TaskKey) {
        self.keeper.sends_away().await;
        if self.onlooker.has_runs() || self.keeper.works_on(key) {
            // The reader asks again when that has changed, because then there is news.
            std::future::pending().await
        }
        self.onlooker.send_away();
        // The instance is dropped now, and should not go on.
        std::future::pending().await
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
