//! The thread that writes, and commits in groups.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Written;
use super::connection::{self, MANY, Place, QUIET};
use super::fault::fault;
use super::job::Job;
use super::transaction::Open;
use crate::Error;

/// Most operations in one commit: what a caller waits for the others of its group stays short.
const GROUP: usize = 256;

/// Starts the thread. It ends when every sender of `waiting` is gone and nothing waits any more.
pub(super) fn spawn(
    connection: Connection,
    place: Place,
    waiting: Receiver<Box<dyn Job>>,
    written: Arc<Written>,
    rested: Option<fn()>,
) -> Result<oneshot::Receiver<()>, Error> {
    let (running, stopped) = oneshot::channel();
    let mut writer = Writer {
        connection,
        place,
        written,
        rested,
        busy: 0,
    };
    thread::Builder::new()
        .name("task-writer".to_owned())
        .spawn(move || {
            while let Some(first) = writer.next(&waiting) {
                let group = std::iter::once(first).chain(waiting.try_iter());
                let group: Vec<_> = group.take(GROUP).collect();
                writer.busy += group.len();
                writer.write(group);
            }
            // Closed before anybody is told so.
            drop(writer);
            drop::<oneshot::Sender<()>>(running);
        })
        .map_err(|error| {
            Error::Unavailable(format!(
                "the thread that writes tasks cannot start: {error}"
            ))
        })?;
    Ok(stopped)
}

struct Writer {
    connection: Connection,
    place: Place,
    written: Arc<Written>,
    rested: Option<fn()>,
    /// Operations since it rested.
    busy: usize,
}

/// How a group runs in its transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Together {
    /// Without savepoints, which cost as much as two small statements each: few operations are
    /// refused, and most of those before they wrote anything.
    Bare,
    /// Each in a savepoint, so that one that is refused does not undo the others.
    Guarded,
}

/// Why a group was not written.
enum Unwritten {
    /// Nobody can write now.
    NotBegun(Error),
    /// An operation was refused that had written, and nothing but the whole group can be undone.
    Mixed,
    Failed(Error),
}

impl Writer {
    /// What is to be done next, and while there is nothing, less memory held. None at the end.
    fn next(&mut self, waiting: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
        if self.busy < MANY {
            return waiting.recv().ok();
        }
        match waiting.recv_timeout(QUIET) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => {
                connection::rest(&self.connection, self.rested);
                self.busy = 0;
                waiting.recv().ok()
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Runs a group, commits, and answers. When the transaction itself fails, the operations are
    /// repeated one by one, so that the one that breaks it (a value too large for the disk, say)
    /// fails alone.
    fn write(&mut self, mut group: Vec<Box<dyn Job>>) {
        let mut committed = self.attempt(&mut group, Together::Bare);
        if matches!(committed, Err(Unwritten::Mixed)) {
            committed = self.attempt(&mut group, Together::Guarded);
        }
        match committed {
            Ok(()) => {
                self.written.commits.fetch_add(1, Ordering::Relaxed);
                self.written
                    .operations
                    .fetch_add(group.len() as u64, Ordering::Relaxed);
                for job in group {
                    job.answer(Ok(()));
                }
            }
            Err(Unwritten::Failed(_) | Unwritten::Mixed) if group.len() > 1 => {
                for job in group {
                    self.write(vec![job]);
                }
            }
            Err(unwritten) => {
                let error = match unwritten {
                    Unwritten::NotBegun(error) | Unwritten::Failed(error) => error,
                    Unwritten::Mixed => self.undone(),
                };
                for job in group {
                    job.answer(Err(error.clone()));
                }
            }
        }
    }

    /// One transaction, which is over when this returns.
    fn attempt(&mut self, group: &mut [Box<dyn Job>], how: Together) -> Result<(), Unwritten> {
        self.statement("BEGIN IMMEDIATE")
            .map_err(Unwritten::NotBegun)?;
        let ran = self.run(group, how);
        let committed = ran.and_then(|()| self.bound("COMMIT"));
        if committed.is_err() && !self.connection.is_autocommit() {
            // When even this fails, the next BEGIN reports it.
            let _ = self.statement("ROLLBACK");
        }
        committed
    }

    fn run(&mut self, group: &mut [Box<dyn Job>], how: Together) -> Result<(), Unwritten> {
        let guarded = how == Together::Guarded;
        for job in group {
            if guarded {
                self.bound("SAVEPOINT operation")?;
            }
            let mut open = Open::new(&mut self.connection, &self.place);
            let keep = job.run(&mut open);
            let undo = !keep && open.wrote();
            // A full disk or a failure to read can make SQLite end the whole transaction.
            if self.connection.is_autocommit() {
                return Err(Unwritten::Failed(self.undone()));
            }
            if undo && !guarded {
                return Err(Unwritten::Mixed);
            }
            if undo {
                self.bound("ROLLBACK TO operation")?;
            }
            if guarded {
                self.bound("RELEASE operation")?;
            }
        }
        Ok(())
    }

    /// A statement that the whole group depends on.
    fn bound(&self, sql: &str) -> Result<(), Unwritten> {
        self.statement(sql).map_err(Unwritten::Failed)
    }

    fn undone(&self) -> Error {
        Error::Unavailable(format!(
            "{} is unavailable: SQLite undid the transaction",
            self.place
        ))
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(()))
            .map(|_| ())
            .map_err(|error| fault(&self.place, &error))
    }
}
