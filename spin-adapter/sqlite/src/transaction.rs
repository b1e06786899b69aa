//! Statements in the transaction that is open on a connection.

use std::future::{Future, ready};

use attache_task_store::{Error, Row, Transaction, Value};

use crate::fault;
use crate::interface::{self, Connection, RowResult};

/// The transaction that is open on a connection.
pub(crate) struct Open<'a> {
    connection: &'a Connection,
}

impl<'a> Open<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }
}

impl Transaction for Open<'_> {
    fn execute(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> impl Future<Output = Result<u64, Error>> + Send {
        ready(
            query(self.connection, sql, params)
                .map(|_| self.connection.changes())
                .map_err(|error| fault::running(&error)),
        )
    }

    fn query(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send {
        ready(
            query(self.connection, sql, params)
                .map(|rows| rows.into_iter().map(row).collect())
                .map_err(|error| fault::running(&error)),
        )
    }
}

/// Runs one statement.
pub(crate) fn query(
    connection: &Connection,
    sql: &str,
    params: &[Value],
) -> Result<Vec<RowResult>, interface::Error> {
    let params: Vec<interface::Value> = params.iter().map(parameter).collect();
    Ok(connection.execute(sql, &params)?.rows)
}

fn parameter(value: &Value) -> interface::Value {
    match value {
        Value::Integer(value) => interface::Value::Integer(*value),
        Value::Real(value) => interface::Value::Real(*value),
        Value::Text(value) => interface::Value::Text(value.clone()),
        Value::Blob(value) => interface::Value::Blob(value.clone()),
        Value::Null => interface::Value::Null,
    }
}

fn row(row: RowResult) -> Row {
    Row::new(row.values.into_iter().map(column).collect())
}

fn column(value: interface::Value) -> Value {
    match value {
        interface::Value::Integer(value) => Value::Integer(value),
        interface::Value::Real(value) => Value::Real(value),
        interface::Value::Text(value) => Value::Text(value),
        interface::Value::Blob(value) => Value::Blob(value),
        interface::Value::Null => Value::Null,
    }
}
