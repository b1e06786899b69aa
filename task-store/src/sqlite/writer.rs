//! The thread that writes, and commits in groups.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Written;
use super::connection::Place;
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
) -> Result<oneshot::Receiver<()>, Error> {
    let (running, stopped) = oneshot::channel();
    let mut writer = Writer {
        connection,
        place,
        written,
    };
    thread::Builder::new()
        .name("task-writer".to_owned())
        .spawn(move || {
            while let Ok(first) = waiting.recv() {
                let group = std::iter::once(first).chain(waiting.try_iter());
                writer.write(group.take(GROUP).collect());
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
}

impl Writer {
    /// Runs a group, commits, and answers. When the transaction itself fails, the operations are
    /// repeated one by one, so that the one that breaks it (a value too large for the disk, say)
    /// fails alone.
    fn write(&mut self, mut group: Vec<Box<dyn Job>>) {
        if let Err(error) = self.statement("BEGIN IMMEDIATE") {
            for job in group {
                job.answer(Err(error.clone()));
            }
            return;
        }
        let committed = self.run(&mut group).and_then(|()| self.statement("COMMIT"));
        if committed.is_err() && !self.connection.is_autocommit() {
            // When even this fails, the next BEGIN reports it.
            let _ = self.statement("ROLLBACK");
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
            Err(_) if group.len() > 1 => {
                for job in group {
                    self.write(vec![job]);
                }
            }
            Err(error) => {
                for job in group {
                    job.answer(Err(error.clone()));
                }
            }
        }
    }

    /// Each in a savepoint, so that one that is refused does not undo the others.
    fn run(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Error> {
        for job in group {
            self.statement("SAVEPOINT operation")?;
            let keep = job.run(&mut Open::new(&mut self.connection, &self.place));
            // A full disk or a failure to read can make SQLite end the whole transaction.
            if self.connection.is_autocommit() {
                return Err(Error::Unavailable(format!(
                    "{} is unavailable: SQLite undid the transaction",
                    self.place
                )));
            }
            if !keep {
                self.statement("ROLLBACK TO operation")?;
            }
            self.statement("RELEASE operation")?;
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(()))
            .map(|_| ())
            .map_err(|error| fault(&self.place, &error))
    }
}
