//! Writes whole lines to standard output, from many threads at once.
//!
//! The standard library's own output has a lock that is held while the kernel writes, and requests
//! that end at the same time would wait for each other.

use std::io;
use std::os::fd::AsFd;
use std::sync::{PoisonError, RwLock};

use rustix::io::{retry_on_intr, write};

/// What a pipe takes as a whole, whoever else writes to it (`PIPE_BUF` of Linux; POSIX promises 512).
const WHOLE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// The process's log.
pub(super) static STDOUT: Lines = Lines(RwLock::new(()));

/// Lines that do not get mixed. Longer ones than the kernel keeps together are written alone.
#[derive(Debug)]
pub(super) struct Lines(RwLock<()>);

impl Lines {
    /// Writes `line`, which ends in a line feed.
    pub(super) fn write(&self, line: &[u8]) -> io::Result<()> {
        if line.len() <= WHOLE {
            let _together = self.0.read().unwrap_or_else(PoisonError::into_inner);
            write_all(io::stdout(), line)
        } else {
            let _alone = self.0.write().unwrap_or_else(PoisonError::into_inner);
            write_all(io::stdout(), line)
        }
    }
}

fn write_all(to: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = retry_on_intr(|| write(&to, bytes))?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}
