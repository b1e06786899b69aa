//! Transactions on one connection.

use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread::sleep;
use std::time::Duration;

use attache_task_store::{Database, Error, Operation};

use crate::interface::{Connection, Value};
use crate::transaction::Open;
use crate::{fault, transaction};

/// Waits between attempts that found the database locked: 0.6 s, after the 5 s that Spin itself
/// waits in each attempt where SQLite lets it. Enough for another instance to finish switching the
/// journal, which SQLite does not wait for at all.
const RETRIES: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(40),
    Duration::from_millis(100),
    Duration::from_millis(150),
    Duration::from_millis(300),
];

/// A SQLite database of a Spin application.
///
/// One connection, for one instance of a component. Operations run one after the other.
#[derive(Debug)]
pub struct SpinSqlite {
    connection: Connection,
    in_memory: bool,
}

impl SpinSqlite {
    /// Opens the database with this label and sets it to write-ahead logging, so that readers and the
    /// writer do not wait for each other. A database that cannot do that (one behind libSQL) keeps
    /// the journal it has.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Spin does not give this component the database; the text says what
    /// to add to the manifest.
    pub fn open(label: &str) -> Result<Self, Error> {
        let connection = Connection::open(label).map_err(|error| fault::opening(label, &error))?;
        let journal =
            persistently(|| transaction::query(&connection, "PRAGMA journal_mode = WAL", &[]));
        let in_memory = match journal.as_deref() {
            Ok([row]) => matches!(row.values.as_slice(), [Value::Text(mode)] if mode == "memory"),
            Ok(_) => false,
            Err(error) if fault::is_refusal(error) => false,
            Err(error) => return Err(fault::running(error)),
        };
        // Survives the process; the machine is Spin's user's own. The same journals that lack WAL may
        // lack this.
        let _ = transaction::query(&connection, "PRAGMA synchronous = NORMAL", &[]);
        Ok(Self {
            connection,
            in_memory,
        })
    }

    /// True when the data vanish with this connection, which is what Spin does without a state
    /// folder.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.in_memory
    }

    fn perform_now<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        let begin = if O::READ_ONLY {
            "BEGIN"
        } else {
            "BEGIN IMMEDIATE"
        };
        self.control(begin)?;
        let mut open = Open::new(&self.connection);
        let done = finish(operation.run(&mut open));
        match done.and_then(|output| self.control("COMMIT").map(|()| output)) {
            Ok(output) => Ok(output),
            Err(error) => {
                // Fails when SQLite undid the transaction by itself; the next BEGIN says so if it did
                // not.
                let _ = transaction::query(&self.connection, "ROLLBACK", &[]);
                Err(error)
            }
        }
    }

    fn control(&self, statement: &str) -> Result<(), Error> {
        persistently(|| transaction::query(&self.connection, statement, &[]))
            .map(|_| ())
            .map_err(|error| fault::running(&error))
    }
}

impl Database for SpinSqlite {
    fn perform<O: Operation + 'static>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<O::Output, Error>> + Send {
        ready(self.perform_now(&operation))
    }
}

/// The result of an operation, which waits for nothing but statements that block.
fn finish<T>(operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match pin!(operation).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::Unavailable(
            "an operation of the task store waits for something other than its database".to_owned(),
        )),
    }
}

/// Tries again while another connection holds a lock.
fn persistently<T>(
    mut attempt: impl FnMut() -> Result<T, crate::interface::Error>,
) -> Result<T, crate::interface::Error> {
    for pause in RETRIES {
        match attempt() {
            Err(error) if fault::is_locked(&error) => sleep(pause),
            done => return done,
        }
    }
    attempt()
}
