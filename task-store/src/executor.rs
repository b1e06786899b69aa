//! What a database has to do for the log: run one statement at a time in a transaction.
//!
//! Operations are values rather than closures, so that an executor may run one again from the start
//! (after a serialization failure), run several in one commit, or move one to another thread.
//! Functions return futures so that a networked database can implement them; an executor that
//! blocks returns futures that are ready at once.

use std::future::Future;

use crate::Error;

/// A value that goes into or comes out of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `BIGINT`.
    Integer(i64),
    /// `DOUBLE PRECISION`. The log's own statements use none.
    Real(f64),
    /// `TEXT`.
    Text(String),
    /// `BLOB`, `BYTEA`.
    Blob(Vec<u8>),
    /// `NULL`.
    Null,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Integer(_) => "an integer",
            Value::Real(_) => "a real number",
            Value::Text(_) => "a text",
            Value::Blob(_) => "a blob",
            Value::Null => "NULL",
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Value::Null, Value::from)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Blob(value.to_vec())
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(value: Option<&[u8]>) -> Self {
        value.map_or(Value::Null, Value::from)
    }
}

/// One row of a result, read from its first column to its last.
#[derive(Debug)]
pub struct Row {
    values: std::vec::IntoIter<Value>,
    read: usize,
}

impl Row {
    /// A row of these columns, in the order of the statement.
    #[must_use]
    pub fn new(values: Vec<Value>) -> Self {
        Self {
            values: values.into_iter(),
            read: 0,
        }
    }

    /// The next column, which is an integer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is anything else.
    pub fn integer(&mut self) -> Result<i64, Error> {
        match self.next("an integer")? {
            Value::Integer(value) => Ok(value),
            other => Err(self.unexpected("an integer", &other)),
        }
    }

    /// The next column, which is an integer that is never negative.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is anything else.
    pub fn unsigned(&mut self) -> Result<u64, Error> {
        let value = self.integer()?;
        u64::try_from(value)
            .map_err(|_| self.unexpected("an integer of 0 or more", &Value::Integer(value)))
    }

    /// The next column, which is a text.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is anything else.
    pub fn text(&mut self) -> Result<String, Error> {
        match self.next("a text")? {
            Value::Text(value) => Ok(value),
            other => Err(self.unexpected("a text", &other)),
        }
    }

    /// The next column, which is a text or NULL.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is anything else.
    pub fn optional_text(&mut self) -> Result<Option<String>, Error> {
        match self.next("a text or NULL")? {
            Value::Text(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            other => Err(self.unexpected("a text or NULL", &other)),
        }
    }

    /// The next column, which is a blob.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is anything else.
    pub fn blob(&mut self) -> Result<Vec<u8>, Error> {
        match self.next("a blob")? {
            Value::Blob(value) => Ok(value),
            other => Err(self.unexpected("a blob", &other)),
        }
    }

    /// The next column, which is a blob or NULL.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is anything else.
    pub fn optional_blob(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.next("a blob or NULL")? {
            Value::Blob(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            other => Err(self.unexpected("a blob or NULL", &other)),
        }
    }

    fn next(&mut self, expected: &str) -> Result<Value, Error> {
        self.read += 1;
        self.values.next().ok_or_else(|| {
            Error::Unavailable(format!(
                "a row of the task database ends before column {}, where {expected} belongs",
                self.read
            ))
        })
    }

    fn unexpected(&self, expected: &str, found: &Value) -> Error {
        Error::Unavailable(format!(
            "column {} of a row of the task database holds {} where {expected} belongs: \
             something else has written to it",
            self.read,
            found.kind()
        ))
    }
}

/// Which SQL the database speaks. Only the schema depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.49 or later, and what speaks like it.
    Sqlite,
    /// PostgreSQL 14 or later.
    Postgres,
}

/// An open transaction.
///
/// Every statement of an operation sees the same data: SQLite's own isolation, or REPEATABLE READ on
/// PostgreSQL, where a serialization failure means that the operation runs again from its start. An
/// operation that is not [`Operation::READ_ONLY`] begins with the right to write (`BEGIN IMMEDIATE`
/// in SQLite): SQLite cannot wait for it once the operation has read.
///
/// A string holds one statement. Parameters are numbered from `?1`, as SQLite writes them, and every
/// number up to `params.len()` occurs. They have the types of their columns: 64-bit integers, texts
/// and blobs.
pub trait Transaction: Send {
    /// The SQL of this database.
    const DIALECT: Dialect = Dialect::Sqlite;

    /// Runs a statement that returns no rows. Returns how many rows it wrote.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database refuses it; [`Error::TooLarge`] when a value is
    /// larger than the database takes.
    fn execute(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Runs a statement to its end and returns its rows.
    ///
    /// # Errors
    /// As [`Transaction::execute`].
    fn query(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;
}

/// One call on the log: one transaction.
///
/// `run` awaits nothing but its transaction, has no effect outside it, and may be called again from
/// the start when the transaction could not be committed.
pub trait Operation: Send + Sync {
    /// What a success returns.
    type Output: Send;

    /// True when it only reads, so that a connection that cannot write may run it.
    const READ_ONLY: bool;

    /// True when two processes must not run it at once, and the one that comes second has to see
    /// what the first wrote. SQLite does that for everything that writes.
    const ALONE: bool = false;

    /// True when it may run once more after it was written: that does no harm, and returns what is
    /// right by then.
    const REPEATABLE: bool = false;

    /// How to tell later whether a run that returned `output` was written, for when the server
    /// crashed with the commit.
    fn evidence(&self, _output: &Self::Output) -> Evidence {
        if Self::REPEATABLE {
            Evidence::Needless
        } else {
            Evidence::Lacking
        }
    }

    /// Runs the statements.
    ///
    /// # Errors
    /// The operation was refused: the executor undoes what it wrote.
    fn run<T: Transaction>(
        &self,
        transaction: &mut T,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// What tells whether an operation was written.
#[derive(Debug)]
pub enum Evidence {
    /// Nothing: the caller has to hear that it is not known.
    Lacking,
    /// None is needed: it may run once more, as in [`Operation::REPEATABLE`].
    Needless,
    /// A query for what nothing else than this run of the operation leaves in the tables, and what
    /// stays there for as long as somebody waits for the answer. Without a row it was not written.
    Row(&'static str, Vec<Value>),
}

/// Something that runs operations.
pub trait Database {
    /// Runs an operation in a transaction of its own, and returns after the commit.
    ///
    /// # Errors
    /// What the operation returned; or [`Error::Unavailable`] when the database could not be
    /// reached, and then nothing was written, unless the text says that this is not known: the
    /// database went away with the commit, and did not come back or cannot tell.
    fn perform<O: Operation + 'static>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<O::Output, Error>> + Send;
}
