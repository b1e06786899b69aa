use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// What goes on over one connection. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Traffic(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    exchanges: watch::Sender<Exchanges>,
    /// Bytes came in since the last request was complete: the next has begun.
    heard: AtomicBool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Exchanges {
    open: usize,
    stalled: usize,
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
            exchanges: watch::channel(Exchanges::default()).0,
            heard: AtomicBool::new(false),
        }))
    }

    pub(super) fn begin(&self) -> Exchange {
        self.0.heard.store(false, Ordering::Relaxed);
        self.0.exchanges.send_modify(|now| now.open += 1);
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

    /// Waits until nothing went on for `idle`, or all that goes on has stalled.
    pub(super) async fn rest(&self, idle: Duration) -> Rest {
        let mut exchanges = self.0.exchanges.subscribe();
        loop {
            let now = *exchanges.borrow_and_update();
            if now.open == 0 {
                tokio::select! {
                    () = sleep(idle) => return Rest::Idle,
                    _ = exchanges.changed() => {}
                }
            } else if now.open == now.stalled {
                return Rest::Stalled;
            } else {
                // The sender is in `self`.
                let _ = exchanges.changed().await;
            }
        }
    }
}

impl Exchange {
    /// The client takes nothing more of the response.
    pub fn stall(&mut self) {
        if !std::mem::replace(&mut self.stalled, true) {
            let exchanges = &self.traffic.0.exchanges;
            exchanges.send_modify(|now| now.stalled += 1);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let inner = &self.traffic.0;
        inner.heard.store(false, Ordering::Relaxed);
        inner.exchanges.send_modify(|now| {
            now.open -= 1;
            now.stalled -= usize::from(self.stalled);
        });
    }
}
