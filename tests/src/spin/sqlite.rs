//! `spin:sqlite` over files, with the behaviour measured on Spin 4.0.2.
//!
//! What a guest has to know about it, and what this reproduces: every `open` is a connection of its
//! own, opened at the first statement; a writer waits up to 5 s for another; only the first
//! statement of a string runs; parameters are `?1`; every failure of SQLite is `io` with SQLite's own
//! words; a label that is not listed is `access-denied`; files cannot be attached; the journal is a
//! rollback journal until the guest asks for another.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use wasmtime::component::Resource;

use super::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, QueryResult, RowResult, Value,
};
use super::config::Database;
use super::state::State;

/// How many connections one instance may hold.
const MAX_CONNECTIONS: usize = 256;
/// How large one result may be, counted as Spin counts it: the values' own bytes.
const MAX_RESULT_BYTES: usize = 128 << 20;
/// How long a statement waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_millis(5_000);

/// The labels in `sqlite_databases`.
pub(crate) struct Databases(BTreeMap<String, Database>);

impl Databases {
    pub(crate) fn new(databases: BTreeMap<String, Database>) -> Self {
        Self(databases)
    }
}

/// One connection of a guest.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection {
    file: Option<PathBuf>,
    opened: Arc<Mutex<Option<rusqlite::Connection>>>,
}

impl Connection {
    /// Runs `work` on a thread that may block, with the connection opened.
    async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let file = self.file.clone();
        let opened = self.opened.clone();
        tokio::task::spawn_blocking(move || {
            let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(connection) = opened.as_ref() {
                return work(connection);
            }
            work(opened.insert(open(file).map_err(|error| io(&error))?))
        })
        .await
        .unwrap_or_else(|_| Err(Error::Io("internal runtime error".to_owned())))
    }
}

fn open(file: Option<PathBuf>) -> rusqlite::Result<rusqlite::Connection> {
    let mut connection = match file {
        Some(file) => rusqlite::Connection::open(file)?,
        None => rusqlite::Connection::open_in_memory()?,
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }))?;
    Ok(connection)
}

fn io(error: &rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

fn query(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: Vec<Value>,
) -> Result<QueryResult, Error> {
    // A batch yields one statement after the other; the rest of the text is never looked at.
    let mut statement = rusqlite::Batch::new(connection, statement)
        .next()
        .map_err(|error| io(&error))?
        .ok_or_else(|| Error::Io("the text holds no statement".to_owned()))?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let parameters = parameters.into_iter().map(|value| match value {
        Value::Integer(value) => rusqlite::types::Value::Integer(value),
        Value::Real(value) => rusqlite::types::Value::Real(value),
        Value::Text(value) => rusqlite::types::Value::Text(value),
        Value::Blob(value) => rusqlite::types::Value::Blob(value),
        Value::Null => rusqlite::types::Value::Null,
    });
    let mut found = statement
        .query(rusqlite::params_from_iter(parameters))
        .map_err(|error| io(&error))?;
    let mut rows = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next().map_err(|error| io(&error))? {
        let mut values = Vec::with_capacity(width);
        for column in 0..width {
            let value = value(row.get_ref(column).map_err(|error| io(&error))?)?;
            bytes += size(&value);
            values.push(value);
        }
        if bytes > MAX_RESULT_BYTES {
            return Err(Error::Io(format!(
                "query result exceeds limit of {MAX_RESULT_BYTES} bytes"
            )));
        }
        rows.push(RowResult { values });
    }
    Ok(QueryResult { columns, rows })
}

fn value(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        // Spin panics on a text that is not UTF-8, which reaches the guest as this.
        ValueRef::Text(text) => Value::Text(
            String::from_utf8(text.to_vec())
                .map_err(|_| Error::Io("internal runtime error".to_owned()))?,
        ),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
    })
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
        Value::Integer(_) | Value::Real(_) | Value::Null => size_of::<Value>(),
    }
}

impl Host for State {}

impl HostConnection for State {
    async fn open(
        &mut self,
        database: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let file = match self.databases.0.get(&database) {
            None => return Ok(Err(Error::AccessDenied)),
            Some(Database::File(path)) => Some(path.clone()),
            Some(Database::Memory) => None,
        };
        if self.connections >= MAX_CONNECTIONS {
            return Ok(Err(Error::Io("too many connections opened".to_owned())));
        }
        self.connections += 1;
        let connection = self.table.push(Connection {
            file,
            opened: Arc::default(),
        })?;
        Ok(Ok(connection))
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let connection = self.table.get(&connection)?;
        Ok(connection
            .run(move |opened| query(opened, &statement, parameters))
            .await)
    }

    async fn last_insert_rowid(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        let connection = self.table.get(&connection)?;
        Ok(connection
            .run(|opened| Ok(opened.last_insert_rowid()))
            .await?)
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        let connection = self.table.get(&connection)?;
        Ok(connection.run(|opened| Ok(opened.changes())).await?)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.connections = self.connections.saturating_sub(1);
        self.table.delete(connection)?;
        Ok(())
    }
}
