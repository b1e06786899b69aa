use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// What goes on over one connection. Cheap to clone.
///
/// A request and its end only count: whoever waits for a connection to rest looks when enough time
/// has passed, and is not woken in between.
#[derive(Debug, Clone)]
pub(super) struct Traffic(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    open: AtomicUsize,
    stalled: AtomicUsize,
    /// When the last exchange ended, or the client was told to go, in milliseconds since `began`.
    ended: AtomicU64,
    /// A response stalled, or one beside those that have stalled ended.
    held_up: Notify,
    /// Bytes came in since the last request was complete: the next has begun.
    heard: AtomicBool,
}

/// A request and its response, from the head of the one to the end of the other.
#[derive(Debug)]
pub struct Exchange {
    traffic: Traffic,
    stalled: bool,
}

/// Why a connection is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nobody asked for anything.
    Idle,
    /// There are responses, and the client takes none of them.
    Stalled,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            open: AtomicUsize::new(0),
            stalled: AtomicUsize::new(0),
            ended: AtomicU64::new(0),
            held_up: Notify::new(),
            heard: AtomicBool::new(false),
        }))
    }

    pub(super) fn begin(&self) -> Exchange {
        self.0.heard.store(false, Ordering::Relaxed);
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Exchange {
            traffic: self.clone(),
            stalled: false,
        }
    }

    pub(super) fn hear(&self) {
        self.0.heard.store(true, Ordering::Relaxed);
    }

    /// Whether part of a request is there.
    pub(super) fn has_begun(&self) -> bool {
        self.0.heard.load(Ordering::Relaxed)
    }

    /// Counts the rest from now on: the client was told something, and may answer.
    pub(super) fn stir(&self) {
        self.0.ended.store(self.0.now(), Ordering::SeqCst);
    }

    /// Waits until nothing went on for `idle`, or all that goes on has stalled.
    pub(super) async fn rest(&self, idle: Duration) -> Rest {
        let inner = &*self.0;
        loop {
            // Made before the look, so that nothing between the two is missed.
            let held_up = inner.held_up.notified();
            let open = inner.open.load(Ordering::SeqCst);
            let wait = if open == 0 {
                let ended = Duration::from_millis(inner.ended.load(Ordering::SeqCst));
                let rested = inner.began.elapsed().saturating_sub(ended);
                match idle.checked_sub(rested) {
                    Some(rest) if !rest.is_zero() => rest,
                    _ => return Rest::Idle,
                }
            } else if open == inner.stalled.load(Ordering::SeqCst) {
                return Rest::Stalled;
            } else {
                idle
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = held_up => {}
            }
        }
    }
}

impl Inner {
    /// Milliseconds since it began.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Exchange {
    /// The client takes nothing more of the response.
    pub fn stall(&mut self) {
        if !std::mem::replace(&mut self.stalled, true) {
            let inner = &self.traffic.0;
            inner.stalled.fetch_add(1, Ordering::SeqCst);
            inner.held_up.notify_waiters();
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let inner = &self.traffic.0;
        inner.heard.store(false, Ordering::Relaxed);
        inner.ended.store(inner.now(), Ordering::SeqCst);
        if self.stalled {
            inner.stalled.fetch_sub(1, Ordering::SeqCst);
        }
        inner.open.fetch_sub(1, Ordering::SeqCst);
        if inner.stalled.load(Ordering::SeqCst) > 0 {
            inner.held_up.notify_waiters();
        }
    }
}
