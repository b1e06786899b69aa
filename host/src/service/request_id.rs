use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Names requests in logs: unique in this process, and most likely in all others.
#[derive(Debug, Default)]
pub(super) struct RequestIds {
    /// Differs in each process.
    hasher: RandomState,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.hasher.hash_one(count))
    }
}
