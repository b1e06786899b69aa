//! The native executor: SQLite in this process.
//!
//! SQLite takes one writer at a time, and what a write costs is mostly its commit. So all writes go
//! to one thread that takes every operation that waits, runs each in a savepoint of its own, commits
//! once, and then answers them all: under load a commit is shared by many. Reads have connections
//! and threads of their own; in WAL mode they neither wait for the writer nor hold it up.
//!
//! Nothing is answered before its commit, so an answer is a promise that survives the process; see
//! [`Durability`] for the machine. An operation whose caller stops waiting still runs.
//!
//! Queues are bounded: when one is full the caller is told at once that the log is unavailable,
//! rather than made to wait for longer and longer.

mod connection;
mod fault;
mod job;
mod options;
mod readers;
mod transaction;
mod writer;

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::oneshot;

use crate::{Database, Error, Operation, Transaction};

use self::connection::Place;
use self::job::{Job, Waiting};
pub use self::options::{Durability, Options};

/// A SQLite database, open until [`Sqlite::close`]. Share it behind an `Arc`.
#[derive(Debug)]
pub struct Sqlite {
    threads: RwLock<Option<Threads>>,
    written: Arc<Written>,
    place: Place,
    queue: usize,
    max_bytes: Option<u64>,
}

/// How much was written, since the database was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commits {
    /// Operations that took part in a commit.
    pub operations: u64,
    /// Commits. Under load there are fewer than operations.
    pub commits: u64,
}

#[derive(Debug, Default)]
struct Written {
    operations: AtomicU64,
    commits: AtomicU64,
}

struct Threads {
    writer: SyncSender<Box<dyn Job>>,
    /// Resolves when the writer has closed its connection.
    writer_stopped: oneshot::Receiver<()>,
    /// None in memory, where the writer's connection is the only one that sees the data.
    readers: Option<SyncSender<Box<dyn Job>>>,
    readers_stopped: Vec<oneshot::Receiver<()>>,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Threads")
            .field("readers", &self.readers_stopped.len())
            .finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the database in a file, or in memory for `:memory:`. The file and its folders are
    /// created when they are missing. The schema is [`crate::Migrate`]'s business.
    ///
    /// Blocks while the file is opened.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the folder cannot be created, or the file cannot be opened,
    /// is not a database, or lies on a file system where SQLite cannot keep a write-ahead log.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, &Options::default())
    }

    /// As [`Sqlite::open`], with other options.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub fn open_with(path: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        let place = Place::of(path.as_ref())?;
        let written = Arc::new(Written::default());
        // The writer comes first: it creates the file that the readers open.
        let connection = connection::writer(&place, options)?;
        let queue = options.queue.max(1);
        let (writer, waiting) = sync_channel(queue);
        let writer_stopped = writer::spawn(
            connection,
            place.clone(),
            waiting,
            Arc::clone(&written),
            options.rested,
        )?;
        let (readers, readers_stopped) = match place {
            Place::Memory => (None, Vec::new()),
            Place::File(_) => {
                let (readers, waiting) = sync_channel(queue);
                (Some(readers), readers::spawn(&place, options, waiting)?)
            }
        };
        let threads = Threads {
            writer,
            writer_stopped,
            readers,
            readers_stopped,
        };
        Ok(Self {
            threads: RwLock::new(Some(threads)),
            written,
            place,
            queue,
            max_bytes: options.max_bytes,
        })
    }

    /// Takes no more operations, finishes those that wait, and closes the file, after which it is
    /// one file without a write-ahead log beside it. Further operations are refused as
    /// [`Error::Unavailable`].
    pub async fn close(&self) {
        let threads = self
            .threads
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(threads) = threads else {
            return;
        };
        drop(threads.readers);
        for stopped in threads.readers_stopped {
            // An error is the end of the thread, and that is all that is waited for.
            let _ = stopped.await;
        }
        // The writer last: only a connection that may write folds the log into the file.
        drop(threads.writer);
        let _ = threads.writer_stopped.await;
    }

    /// How much was written, since the database was opened.
    #[must_use]
    pub fn commits(&self) -> Commits {
        Commits {
            operations: self.written.operations.load(Ordering::Relaxed),
            commits: self.written.commits.load(Ordering::Relaxed),
        }
    }

    /// How much of [`Options::max_bytes`] is in use, from 0 to 1; 0 without a bound. What was deleted
    /// is free, although the file stays as long as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the file cannot be read.
    pub async fn fullness(&self) -> Result<f64, Error> {
        let Some(max_bytes) = self.max_bytes else {
            return Ok(0.0);
        };
        let used = self.perform(UsedBytes).await?;
        // Ratios need no precision.
        #[allow(clippy::cast_precision_loss, reason = "a ratio of sizes")]
        Ok(used as f64 / max_bytes.max(1) as f64)
    }

    fn submit(&self, job: Box<dyn Job>, read_only: bool) -> Result<(), Error> {
        let threads = self.threads.read().unwrap_or_else(PoisonError::into_inner);
        let Some(threads) = threads.as_ref() else {
            return Err(Error::Unavailable(format!(
                "{} was closed: the process is shutting down",
                self.place
            )));
        };
        let queue = match &threads.readers {
            Some(readers) if read_only => readers,
            _ => &threads.writer,
        };
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Unavailable(format!(
                "{} operations already wait for {}: try again in a moment",
                self.queue, self.place
            )),
            TrySendError::Disconnected(_) => stopped(&self.place),
        })
    }
}

impl Database for Sqlite {
    fn perform<O: Operation + 'static>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<O::Output, Error>> + Send {
        let (waiting, answer) = Waiting::new(operation);
        let submitted = self.submit(Box::new(waiting), O::READ_ONLY);
        async move {
            submitted?;
            answer.await.unwrap_or_else(|_| Err(stopped(&self.place)))
        }
    }
}

/// The bytes of all pages that hold something.
struct UsedBytes;

const USED_BYTES: &str = "SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size";

impl Operation for UsedBytes {
    type Output = u64;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<u64, Error> {
        match transaction.query(USED_BYTES, &[]).await?.first_mut() {
            Some(row) => row.unsigned(),
            None => Ok(0),
        }
    }
}

fn stopped(place: &Place) -> Error {
    Error::Unavailable(format!(
        "the thread that serves {place} has stopped: restart the process"
    ))
}
