//! Work that outlives the request that began it.
//!
//! An instance goes on when its client has left, so the process has to know what still runs before
//! it may end. Every such piece of work is spawned here; at the end of the process they are waited
//! for, and what does not end in time is dropped where it waits, so that its destructors still run.
//! What computes for long goes on in the slow lane, if there is one.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::engine::{Habit, SlowLane};

/// The work of this process that is still going on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Work {
    running: watch::Sender<usize>,
    dropped: watch::Sender<bool>,
    lane: Option<SlowLane>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            running: watch::channel(0).0,
            dropped: watch::channel(false).0,
            lane: None,
        }
    }
}

/// Counts one piece of work for as long as it lives.
#[derive(Debug)]
struct Piece(watch::Sender<usize>);

impl Drop for Piece {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl Work {
    /// Work that is carried over to `lane` where it computes for long.
    pub fn beside(lane: SlowLane) -> Self {
        Self {
            lane: Some(lane),
            ..Self::default()
        }
    }

    /// Runs `future` to its end, or until [`Work::cut_off`] drops it. The handle gives none then.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_as(&Habit::default(), future)
    }

    /// The same for one of those that have a habit in common.
    pub fn spawn_as<F>(&self, habit: &Habit, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.running.send_modify(|running| *running += 1);
        let piece = Piece(self.running.clone());
        let mut dropped = self.dropped.subscribe();
        let piece = async move {
            let output = tokio::select! {
                output = future => Some(output),
                _ = dropped.wait_for(|dropped| *dropped) => None,
            };
            drop(piece);
            output
        };
        match &self.lane {
            Some(lane) => lane.spawn(piece, habit),
            None => tokio::spawn(piece),
        }
    }

    /// How many pieces of work are going on.
    pub fn running(&self) -> usize {
        *self.running.borrow()
    }

    /// Waits until all work has ended.
    pub async fn has_ended(&self) {
        // The sender is this value's own.
        let _ = self
            .running
            .subscribe()
            .wait_for(|running| *running == 0)
            .await;
    }

    /// The same, at most for `patience`. True when it has.
    pub async fn has_ended_within(&self, patience: Duration) -> bool {
        timeout(patience, self.has_ended()).await.is_ok()
    }

    /// Drops what still runs, and returns how many pieces of work that were. No more can be spawned.
    /// Busy instances look up every few milliseconds, so `patience` need not be long.
    pub async fn cut_off(&self, patience: Duration) -> usize {
        let unfinished = self.running();
        self.dropped.send_replace(true);
        self.has_ended_within(patience).await;
        unfinished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn work_that_ends_in_time_is_waited_for() {
        let work = Work::default();
        let handle = work.spawn(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            7
        });
        assert!(work.has_ended_within(Duration::from_secs(10)).await);
        assert_eq!(handle.await.unwrap(), Some(7));
    }

    #[tokio::test]
    async fn work_that_does_not_is_dropped_with_its_destructors() {
        struct Flag(Arc<AtomicBool>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let work = Work::default();
        let dropped = Arc::new(AtomicBool::new(false));
        let flag = Flag(dropped.clone());
        let handle = work.spawn(async move {
            let _flag = flag;
            std::future::pending::<()>().await;
        });
        assert!(!work.has_ended_within(Duration::from_millis(10)).await);
        assert_eq!(work.cut_off(Duration::from_secs(10)).await, 1);
        assert_eq!(handle.await.unwrap(), None);
        assert!(dropped.load(Ordering::Relaxed));
    }
}
