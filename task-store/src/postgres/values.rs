//! Statements, parameters and columns, as PostgreSQL has them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::place::Place;
use crate::{Error, Row, Value};

type Boxed = Box<dyn std::error::Error + Sync + Send>;

/// The statement with `$1` in place of `?1`. Statements are constants without a question mark
/// elsewhere, so each is rewritten once in the life of the process.
pub(super) fn rewritten(sql: &'static str) -> Arc<str> {
    static KNOWN: LazyLock<RwLock<HashMap<&'static str, Arc<str>>>> =
        LazyLock::new(RwLock::default);
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(sql) {
        return Arc::clone(known);
    }
    drop(known);
    let rewritten: Arc<str> = sql.replace('?', "$").into();
    KNOWN
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(sql, Arc::clone(&rewritten));
    rewritten
}

/// A parameter with its type. The types are sent along, so the server need not be asked for them
/// first, which would take a statement with a name.
pub(super) fn bound(value: &Value) -> (Bound<'_>, Type) {
    let r#type = match value {
        Value::Integer(_) => Type::INT8,
        Value::Real(_) => Type::FLOAT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
        // The server takes the type of the column.
        Value::Null => Type::UNKNOWN,
    };
    (Bound(value), r#type)
}

/// A value on its way to the server, without a copy.
#[derive(Debug)]
pub(super) struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, r#type: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match self.0 {
            Value::Integer(value) => value.to_sql(r#type, out),
            Value::Real(value) => value.to_sql(r#type, out),
            Value::Text(value) => value.as_str().to_sql(r#type, out),
            Value::Blob(value) => value.as_slice().to_sql(r#type, out),
            Value::Null => Ok(IsNull::Yes),
        }
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A row of a result.
pub(super) fn row(place: &Place, row: &tokio_postgres::Row) -> Result<Row, Error> {
    let values = (0..row.len()).map(|column| value(place, row, column));
    values.collect::<Result<Vec<Value>, Error>>().map(Row::new)
}

fn value(place: &Place, row: &tokio_postgres::Row, column: usize) -> Result<Value, Error> {
    let r#type = row
        .columns()
        .get(column)
        .map_or(&Type::UNKNOWN, tokio_postgres::Column::type_);
    let value = if *r#type == Type::INT8 {
        row.try_get::<_, Option<i64>>(column)
            .map(|value| value.map(Value::Integer))
    } else if *r#type == Type::INT4 {
        row.try_get::<_, Option<i32>>(column)
            .map(|value| value.map(|value| Value::Integer(value.into())))
    } else if *r#type == Type::BYTEA {
        row.try_get::<_, Option<Vec<u8>>>(column)
            .map(|value| value.map(Value::Blob))
    } else if *r#type == Type::FLOAT8 {
        row.try_get::<_, Option<f64>>(column)
            .map(|value| value.map(Value::Real))
    } else {
        // Everything else that is no text is refused here.
        row.try_get::<_, Option<String>>(column)
            .map(|value| value.map(Value::Text))
    };
    match value {
        Ok(value) => Ok(value.unwrap_or(Value::Null)),
        Err(error) => Err(Error::Unavailable(format!(
            "column {} of a row of {place} cannot be read: {error}",
            column + 1
        ))),
    }
}
