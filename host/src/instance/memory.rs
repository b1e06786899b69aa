use tracing::warn;
use wasmtime::{ResourceLimiter, Result};

use crate::config::shown_size;

/// Elements that one table may have.
const TABLE_ELEMENTS: usize = 20_000;

/// Refuses memory beyond a limit, and says so once: the component itself can only abort.
#[derive(Debug)]
pub(super) struct MemoryLimit {
    most: usize,
    said: bool,
}

impl MemoryLimit {
    pub(super) fn new(most: usize) -> Self {
        Self { most, said: false }
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let granted = desired <= self.most;
        if !granted && !self.said {
            self.said = true;
            warn!(
                "the component asked for more than {} of memory; ATTACHE_MEMORY (--memory) sets \
                 this limit",
                shown_size(self.most as u64)
            );
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}
