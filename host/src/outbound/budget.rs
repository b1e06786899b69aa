use std::fmt::Arguments;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::warn;

use crate::config::shown_size;
use crate::telemetry::Limit;

/// How many lines of one instance's failed requests are logged.
const LINES: u32 = 20;

/// What one instance may send and receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundLimits {
    /// Requests.
    pub calls: u32,
    /// Requests whose response has not ended.
    pub concurrent: u32,
    /// Bytes of all bodies, in both directions.
    pub bytes: u64,
}

impl Default for OutboundLimits {
    fn default() -> Self {
        Self {
            calls: 1_000,
            concurrent: 16,
            bytes: 256 << 20,
        }
    }
}

/// What one instance has used of its limits.
#[derive(Debug)]
pub(super) struct Budget {
    limits: OutboundLimits,
    calls: AtomicU32,
    open: Arc<Semaphore>,
    bytes: AtomicU64,
    over_calls: AtomicBool,
    over_bytes: AtomicBool,
    lines: AtomicU32,
}

/// A limit is reached; what there is to say is said.
#[derive(Debug)]
pub(super) struct Exceeded;

impl Budget {
    pub(super) fn new(limits: OutboundLimits) -> Self {
        Self {
            limits,
            calls: AtomicU32::new(0),
            open: Arc::new(Semaphore::new(limits.concurrent as usize)),
            bytes: AtomicU64::new(0),
            over_calls: AtomicBool::new(false),
            over_bytes: AtomicBool::new(false),
            lines: AtomicU32::new(0),
        }
    }

    /// Takes one request, whatever becomes of it.
    pub(super) fn take_call(&self) -> Result<(), Exceeded> {
        let most = self.limits.calls;
        let taken = self
            .calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |calls| {
                (calls < most).then(|| calls + 1)
            });
        if taken.is_ok() {
            return Ok(());
        }
        Limit::OutboundCalls.hit();
        if !self.over_calls.swap(true, Ordering::Relaxed) {
            warn!(
                "the component sent more than {most} requests while it served one; \
                 ATTACHE_OUTBOUND_CALLS (--outbound-calls) sets this limit"
            );
        }
        Err(Exceeded)
    }

    /// Waits for one of the open requests to end.
    pub(super) async fn open(
        &self,
        destination: &impl std::fmt::Display,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, Exceeded> {
        if let Ok(Ok(permit)) = timeout(patience, self.open.clone().acquire_owned()).await {
            return Ok(permit);
        }
        Limit::OutboundConcurrent.hit();
        self.warn(format_args!(
            "refused a call of the component to {destination}: it has {} calls open already; \
             ATTACHE_OUTBOUND_CONCURRENT (--outbound-concurrent) sets this limit",
            self.limits.concurrent
        ));
        Err(Exceeded)
    }

    /// Takes bytes of a body.
    pub(super) fn take_bytes(&self, bytes: usize) -> Result<(), Exceeded> {
        let (most, bytes) = (self.limits.bytes, bytes as u64);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= most {
            return Ok(());
        }
        Limit::OutboundBytes.hit();
        if !self.over_bytes.swap(true, Ordering::Relaxed) {
            warn!(
                "the component sent and received more than {} while it served one request; \
                 ATTACHE_OUTBOUND_BYTES (--outbound-bytes) sets this limit",
                shown_size(most)
            );
        }
        Err(Exceeded)
    }

    /// What an instance may send and receive, for its error.
    pub(super) fn most_bytes(&self) -> u64 {
        self.limits.bytes
    }

    /// Logs what became of a request, unless this instance has filled enough of the log.
    pub(super) fn warn(&self, line: Arguments<'_>) {
        match self.lines.fetch_add(1, Ordering::Relaxed) {
            lines if lines + 1 < LINES => warn!("{line}"),
            lines if lines + 1 == LINES => {
                warn!("{line}; further calls that fail in this request are not logged");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_limit_that_is_reached_is_counted() {
        let budget = Budget::new(OutboundLimits {
            calls: 1,
            concurrent: 1,
            bytes: 10,
        });
        let reached = || {
            let limits = [
                Limit::OutboundCalls,
                Limit::OutboundConcurrent,
                Limit::OutboundBytes,
            ];
            limits.map(Limit::hits)
        };
        let before = reached();
        assert!(budget.take_call().is_ok());
        assert!(budget.take_bytes(10).is_ok());
        let open = budget.open(&"a.test", Duration::from_millis(1)).await;
        assert_eq!(reached(), before);
        assert!(budget.take_call().is_err());
        assert!(budget.take_bytes(1).is_err());
        assert!(
            budget
                .open(&"a.test", Duration::from_millis(1))
                .await
                .is_err()
        );
        assert_eq!(reached(), before.map(|hits| hits + 1));
        drop(open);
        assert!(
            budget
                .open(&"a.test", Duration::from_millis(1))
                .await
                .is_ok()
        );
    }
}
