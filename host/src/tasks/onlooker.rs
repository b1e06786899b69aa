use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// What an instance is to the tasks that it waits for: it works on one itself, or it looks on.
///
/// When the process ends, an instance that looks on must not hold it up: what it waits for may take
/// hours, and happens elsewhere. It is dropped, so that its client sees its response break off and
/// asks another process for the rest, after the last event that came.
#[derive(Debug, Clone, Default)]
pub struct Onlooker(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    runs: AtomicUsize,
    sent_away: Notify,
}

/// A run of the instance itself, for as long as it has it.
#[derive(Debug)]
pub(super) struct OwnRun(Onlooker);

impl Onlooker {
    /// Counts a run of its own, until the value returned is dropped.
    pub(super) fn runs(&self) -> OwnRun {
        self.0.runs.fetch_add(1, Ordering::Relaxed);
        OwnRun(self.clone())
    }

    pub(super) fn has_runs(&self) -> bool {
        self.0.runs.load(Ordering::Relaxed) > 0
    }

    pub(super) fn send_away(&self) {
        self.0.sent_away.notify_one();
    }

    /// Waits until the instance has to go.
    pub async fn is_sent_away(&self) {
        self.0.sent_away.notified().await;
    }
}

impl Drop for OwnRun {
    fn drop(&mut self) {
        self.0.0.runs.fetch_sub(1, Ordering::Relaxed);
    }
}
