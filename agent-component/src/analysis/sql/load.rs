//! Tables into an empty database.

use std::num::NonZero;
use std::sync::Arc;

use turso_core::{
    Connection, Database, IO, LimboError, MemoryIO, OpenOptions, SqliteDialect, Value,
};

use super::error::mentions;
use crate::analysis::table::{Cell, Column, Kind, Table};

/// A database for one query.
pub(super) struct Loaded {
    pub(super) io: Arc<dyn IO>,
    pub(super) connection: Arc<Connection>,
}

/// Loads what the query mentions: a 10 MB table with ten columns of which a query names two takes a
/// fifth of the time and memory.
pub(super) fn load(sql: &str, tables: &[Table]) -> Result<Loaded, LimboError> {
    let io: Arc<dyn IO> = Arc::new(MemoryIO::new());
    let options = OpenOptions::new(Arc::new(SqliteDialect));
    let database = Database::open(Arc::clone(&io), ":memory:", options)?;
    let connection = database.connect()?;
    // A name in double quotes that does not exist is an error, not a string.
    connection.set_dqs_dml(false);
    let mentioned = Mentioned::in_query(sql);
    for table in tables.iter().filter(|table| mentions(sql, table.name())) {
        let mut columns: Vec<_> = table
            .columns()
            .iter()
            .filter(|column| mentioned.column(column.name()))
            .collect();
        if columns.is_empty() {
            // For COUNT(*), any column does.
            columns.extend(table.columns().first());
        }
        fill(&connection, table, &columns)?;
    }
    connection.set_query_only(true);
    Ok(Loaded { io, connection })
}

fn fill(
    connection: &Arc<Connection>,
    table: &Table,
    columns: &[&Column],
) -> Result<(), LimboError> {
    let declared: Vec<_> = columns
        .iter()
        .map(|column| {
            format!(
                "{} {}",
                always_quoted(column.name()),
                declared_type(column.kind())
            )
        })
        .collect();
    let name = always_quoted(table.name());
    connection.execute(format!("CREATE TABLE {name} ({})", declared.join(", ")))?;
    let places = vec!["?"; columns.len()].join(", ");
    connection.execute("BEGIN")?;
    let mut insert = connection.prepare(format!("INSERT INTO {name} VALUES ({places})"))?;
    for row in 0..table.rows() {
        for (place, column) in (1..).zip(columns) {
            if let Some(place) = NonZero::new(place) {
                insert.bind_at(place, value(column.cell(row)))?;
            }
        }
        insert.run_ignore_rows()?;
        insert.reset()?;
    }
    drop(insert);
    connection.execute("COMMIT")
}

fn always_quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `BOOLEAN` is how a column of 0 and 1 is recognised in the result. Dates are text to SQLite, which
/// would take a column declared `DATE` for numbers.
fn declared_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "INTEGER",
        Kind::Float => "REAL",
        Kind::Boolean => "BOOLEAN",
        Kind::Date | Kind::Timestamp | Kind::Text => "TEXT",
    }
}

fn value(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Missing => Value::Null,
        Cell::Integer(value) => Value::from_i64(value),
        Cell::Float(value) => Value::from_f64(value),
        Cell::Boolean(value) => Value::from_i64(i64::from(value)),
        Cell::Text(value) => Value::from_text(value.to_owned()),
    }
}

/// Which columns a query can name, by its text alone. Errs towards loading too much.
struct Mentioned {
    /// None when all columns may be meant without being named.
    sql: Option<String>,
}

impl Mentioned {
    fn in_query(sql: &str) -> Self {
        let sql = sql.to_lowercase();
        let dense: String = sql.split_whitespace().collect();
        let everything = dense.replace("count(*)", "").contains('*') || sql.contains("natural");
        Self {
            sql: (!everything).then_some(sql),
        }
    }

    fn column(&self, name: &str) -> bool {
        // Inside quotes these are written twice, so that the name itself does not appear.
        let escaped = name.contains(['"', '\'', '`', ']']);
        match &self.sql {
            Some(sql) => escaped || sql.contains(&name.to_lowercase()),
            None => true,
        }
    }
}
