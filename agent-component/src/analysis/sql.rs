//! One read-only query over the tables of a conversation.
//!
//! The engine is Turso, a rewrite of SQLite in Rust, in memory. SQLite's dialect is the one that
//! people and models know best, and its numbers are right: `AVG` of integers is not cut, aggregates
//! skip missing values. GlueSQL, which is a third of the size, was tried first: there the sum of a
//! column with one missing value is NULL, and it has no `WITH`, `UNION` or window functions.
//! An executor of our own over a parser would be small, but SQL's corners are not where an analyst
//! should be original.
//!
//! A query sees copies: the tables (and columns) that its text mentions are loaded into an empty
//! database that lives for this query only, so there is nothing to protect from it but time and
//! memory, and both are bounded. Booleans are 0 and 1 inside SQL and come back as booleans; dates are
//! ISO 8601 text, which `strftime` and `date` take.
//!
//! What differs from other dialects: `7 / 2` is 3 (one side must be a float for 3.5), `=` on text
//! heeds case while `LIKE` does not, `"no_such_name"` is an error and not a string, dates are taken
//! apart with `strftime('%Y', day)`, and `STDDEV`, `MEDIAN` and `PERCENTILE` exist.

mod check;
mod error;
mod find;
mod load;
mod run;

use std::time::Duration;

use serde_json::{Value, json};

use super::number::{counted, grouped};
use super::table::Table;
pub use error::SqlError;
pub use find::extract_sql;
pub(super) use find::find;

/// The longest query, in bytes.
pub const MAX_SQL_BYTES: usize = 20_000;
/// The most rows of a result.
pub const MAX_RESULT_ROWS: usize = 10_000;
/// The most bytes of text in a result.
pub const MAX_RESULT_BYTES: usize = 8 << 20;
/// How long a query may take.
pub const MAX_QUERY_TIME: Duration = Duration::from_secs(15);

/// What a query gave.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryResult {
    /// The rows, as a table called `result`: its columns have kinds, so it can be drawn.
    pub table: Table,
    /// There were more rows, or more text, than a result may have.
    pub truncated: bool,
}

impl QueryResult {
    /// `{"columns": […], "rows": [[…], …], "rowCount": n, "truncated": false}`
    pub fn to_json(&self) -> Value {
        let mut json = self.table.to_json(MAX_RESULT_ROWS);
        if let Value::Object(members) = &mut json {
            members.insert("truncated".to_owned(), json!(self.truncated));
        }
        json
    }

    /// The first `limit` rows as a text table, and how many there are.
    pub fn to_text(&self, limit: usize) -> String {
        if self.table.rows() == 0 {
            return "No rows.\n".to_owned();
        }
        let mut text = self.table.to_text(limit);
        if self.truncated {
            let rows = counted(self.table.rows(), "row");
            text.push_str(&format!(
                "\nThe result was cut after {rows}; at most {} fit. Add a LIMIT or aggregate.\n",
                grouped(MAX_RESULT_ROWS)
            ));
        }
        text
    }
}

/// Runs one `SELECT` over `tables`.
///
/// # Errors
///
/// A sentence: for anything but one `SELECT`, for names that do not exist (with the names that do),
/// and for queries that take too long.
pub fn query(sql: &str, tables: &[Table]) -> Result<QueryResult, SqlError> {
    query_within(sql, tables, MAX_RESULT_ROWS, MAX_QUERY_TIME)
}

fn query_within(
    sql: &str,
    tables: &[Table],
    rows: usize,
    time: Duration,
) -> Result<QueryResult, SqlError> {
    check::single_select(sql)?;
    let explain = |error| error::explain(&error, sql, tables);
    let database = load::load(sql, tables).map_err(explain)?;
    run::run(&database, sql, rows, time).map_err(explain)
}

/// A name for use in SQL, quoted when it must be.
pub(super) fn quoted(name: &str) -> String {
    let mut characters = name.chars();
    let starts_well = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let plain = starts_well && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && !check::is_keyword(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests;
