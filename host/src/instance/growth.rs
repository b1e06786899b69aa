use tracing::warn;
use wasmtime::{ResourceLimiter, Result};

use crate::config::{GuestLimits, shown_size};
use crate::engine::{CORE_INSTANCES, MEMORIES, TABLES};
use crate::telemetry::Limit;

/// Refuses memory and tables beyond their limits, and says so once: the component itself can only
/// abort, or go on without.
#[derive(Debug)]
pub(super) struct Growth {
    memory: Part,
    tables: Part,
}

/// What all memories, or all tables, of an instance have together.
#[derive(Debug)]
struct Part {
    limit: Limit,
    has: usize,
    most: usize,
    said: bool,
}

impl Growth {
    pub(super) fn new(limits: &GuestLimits) -> Self {
        Self {
            memory: Part::new(Limit::Memory, limits.memory),
            tables: Part::new(Limit::Tables, limits.table_elements),
        }
    }
}

impl Part {
    fn new(limit: Limit, most: usize) -> Self {
        Self {
            limit,
            has: 0,
            most,
            said: false,
        }
    }

    /// `say` is called the first time that growth is refused.
    fn grow(&mut self, current: usize, desired: usize, say: impl FnOnce(usize)) -> bool {
        let more = desired.saturating_sub(current);
        if more <= self.most.saturating_sub(self.has) {
            self.has += more;
            return true;
        }
        self.limit.hit();
        if !self.said {
            self.said = true;
            say(self.most);
        }
        false
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.memory.grow(current, desired, |most| {
            warn!(
                "the component asked for more than {} of memory; ATTACHE_MEMORY (--memory) sets \
                 this limit",
                shown_size(most as u64)
            );
        }))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.tables.grow(current, desired, |most| {
            warn!(
                "the component asked for tables of more than {most} elements; \
                 ATTACHE_TABLE_ELEMENTS (--table-elements) sets this limit"
            );
        }))
    }

    // The pool has as many for each component, and where there is no pool they count here.

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}
