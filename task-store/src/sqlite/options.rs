//! What can be chosen about a database.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however it ends; SQLite's `synchronous=NORMAL`. The write is with
    /// the operating system when it is acknowledged. A power failure or a crash of the machine may
    /// lose the last moments, and never damages the file.
    #[default]
    Process,
    /// Also a power failure; SQLite's `synchronous=FULL`. Every commit waits for the disk.
    Machine,
}

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Threads that read, each with a connection. At least one; none in memory.
    pub readers: usize,
    /// Operations that may wait for the writer, and as many for the readers.
    pub queue: usize,
    /// How long to wait for another process that writes to the same file.
    pub busy_timeout: Duration,
    /// The file grows no further than this, in bytes; writes that need more are refused as if the
    /// disk were full. For disks that are memory, as in Cloud Run. None is no limit.
    pub max_bytes: Option<u64>,
    /// Called when a connection has given its cache back, because nothing was asked of it for a while:
    /// what the allocator keeps for more of the same may go back to the system then.
    pub rested: Option<fn()>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            readers: available_parallelism().map_or(2, NonZero::get).min(4),
            queue: 1024,
            busy_timeout: Duration::from_secs(5),
            max_bytes: None,
            rested: None,
        }
    }
}
