//! The threads that read.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Options;
use super::connection::{self, MANY, Place, QUIET};
use super::fault::fault;
use super::job::Job;
use super::transaction::Open;
use crate::Error;

/// Starts the threads. They end when every sender of `waiting` is gone and nothing waits any more.
pub(super) fn spawn(
    place: &Place,
    options: &Options,
    waiting: Receiver<Box<dyn Job>>,
) -> Result<Vec<oneshot::Receiver<()>>, Error> {
    let waiting = Arc::new(Mutex::new(waiting));
    (0..options.readers.max(1))
        .map(|_| {
            let (running, stopped) = oneshot::channel();
            let mut reader = Reader {
                connection: connection::reader(place, options)?,
                place: place.clone(),
                rested: options.rested,
                busy: 0,
            };
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name("task-reader".to_owned())
                .spawn(move || {
                    while let Some(job) = reader.next(&waiting) {
                        reader.busy += 1;
                        reader.read(job);
                    }
                    drop(reader);
                    drop::<oneshot::Sender<()>>(running);
                })
                .map_err(|error| {
                    Error::Unavailable(format!("a thread that reads tasks cannot start: {error}"))
                })?;
            Ok(stopped)
        })
        .collect()
}

struct Reader {
    connection: Connection,
    place: Place,
    rested: Option<fn()>,
    /// Operations since it rested.
    busy: usize,
}

impl Reader {
    /// One idle thread waits in the queue, the others for it to leave. One that waits for a while after much
    /// work holds less memory, and lets the others do so.
    fn next(&mut self, waiting: &Mutex<Receiver<Box<dyn Job>>>) -> Option<Box<dyn Job>> {
        loop {
            let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if self.busy < MANY {
                return waiting.recv().ok();
            }
            match waiting.recv_timeout(QUIET) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => {
                    drop(waiting);
                    connection::rest(&self.connection, self.rested);
                    self.busy = 0;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// A transaction, so that every statement of the operation sees the same data.
    fn read(&mut self, mut job: Box<dyn Job>) {
        let outcome = self.statement("BEGIN").and_then(|()| {
            job.run(&mut Open::new(&mut self.connection, &self.place));
            if self.connection.is_autocommit() {
                return Ok(());
            }
            self.statement("ROLLBACK")
        });
        job.answer(outcome);
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(()))
            .map(|_| ())
            .map_err(|error| fault(&self.place, &error))
    }
}
