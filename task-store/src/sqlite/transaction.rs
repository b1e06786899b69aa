//! Statements on one connection.

use std::future::{Future, ready};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql, params_from_iter};

use super::connection::Place;
use super::fault::fault;
use crate::{Error, Row, Transaction, Value};

/// The transaction that is open on a connection.
pub(super) struct Open<'a> {
    connection: &'a mut Connection,
    place: &'a Place,
    wrote: bool,
}

impl<'a> Open<'a> {
    pub(super) fn new(connection: &'a mut Connection, place: &'a Place) -> Self {
        Self {
            connection,
            place,
            wrote: false,
        }
    }

    /// Whether a statement ran that may have changed something.
    pub(super) fn wrote(&self) -> bool {
        self.wrote
    }

    fn execute_now(&mut self, sql: &str, params: &[Value]) -> rusqlite::Result<u64> {
        let mut statement = self.connection.prepare_cached(sql)?;
        self.wrote |= !statement.readonly();
        let rows = statement.execute(params_from_iter(params.iter().map(Bound)))?;
        Ok(rows as u64)
    }

    fn query_now(&mut self, sql: &str, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
        let mut statement: CachedStatement<'_> = self.connection.prepare_cached(sql)?;
        self.wrote |= !statement.readonly();
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(params.iter().map(Bound)))?;
        let mut result = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns)
                .map(|column| Ok(value(row.get_ref(column)?)))
                .collect::<rusqlite::Result<Vec<Value>>>()?;
            result.push(Row::new(values));
        }
        Ok(result)
    }
}

impl Transaction for Open<'_> {
    fn execute(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> impl Future<Output = Result<u64, Error>> + Send {
        let executed = self.execute_now(sql, params);
        ready(executed.map_err(|error| fault(self.place, &error)))
    }

    fn query(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send {
        let found = self.query_now(sql, params);
        ready(found.map_err(|error| fault(self.place, &error)))
    }
}

/// A value on its way into SQLite, without a copy.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Blob(value) => ValueRef::Blob(value),
            Value::Null => ValueRef::Null,
        }))
    }
}

/// A text that is not UTF-8 comes out as a blob, and the reader of the row reports it.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(text.to_vec()),
        },
        ValueRef::Blob(value) => Value::Blob(value.to_vec()),
    }
}
