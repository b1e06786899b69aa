//! A query's rows into a table.

use std::time::Duration;

use turso_core::{LimboError, Numeric, StepResult, Value};

use super::load::Loaded;
use super::{MAX_RESULT_BYTES, QueryResult};
use crate::analysis::table::{Cell, Growing, Table, unique};

pub(super) fn run(
    database: &Loaded,
    sql: &str,
    max_rows: usize,
    time: Duration,
) -> Result<QueryResult, LimboError> {
    refuse_misused_aggregates(database, sql)?;
    let mut statement = database.connection.prepare(sql)?;
    statement.set_query_timeout_override(Some(Some(time)));
    let width = statement.num_columns();
    let names: Vec<_> = (0..width)
        .map(|i| statement.get_column_name(i).into_owned())
        .collect();
    let booleans: Vec<_> = (0..width)
        .map(|i| {
            statement
                .get_column_decltype(i)
                .is_some_and(|kind| kind == "BOOLEAN")
        })
        .collect();
    let mut columns: Vec<_> = (0..width).map(|_| Growing::default()).collect();
    let (mut rows, mut bytes, mut truncated) = (0, 0, false);
    loop {
        match statement.step()? {
            StepResult::Done => break,
            StepResult::IO | StepResult::Yield | StepResult::Sleep { .. } => database.io.step()?,
            StepResult::Interrupt | StepResult::Busy => return Err(LimboError::Interrupt),
            StepResult::Row => {
                if rows == max_rows || bytes > MAX_RESULT_BYTES {
                    truncated = true;
                    break;
                }
                let Some(row) = statement.row() else { continue };
                for ((value, column), boolean) in row.get_values().zip(&mut columns).zip(&booleans)
                {
                    bytes += push(column, value, *boolean);
                }
                rows += 1;
            }
        }
    }
    let names = unique(names.iter().map(String::as_str));
    let columns = columns
        .into_iter()
        .zip(names)
        .map(|(column, name)| column.finish(name));
    Ok(QueryResult {
        table: Table::from_columns("result", columns.collect()),
        truncated,
    })
}

/// Refuses `WHERE MEDIAN(x) > 1` and the like. The engine refuses this of its own aggregates; of those
/// that are extensions to it, it panics when the program runs. The program shows it beforehand.
fn refuse_misused_aggregates(database: &Loaded, sql: &str) -> Result<(), LimboError> {
    const EXTENSIONS: [&str; 3] = ["median", "percentile", "stddev"];
    let lower = sql.to_ascii_lowercase();
    if !EXTENSIONS.iter().any(|name| lower.contains(name)) {
        return Ok(());
    }
    let program = database
        .connection
        .prepare(format!("EXPLAIN {sql}"))?
        .run_collect_rows()?;
    for instruction in program {
        // The second column names the instruction, the sixth the function that it calls.
        if let (Some(Value::Text(code)), Some(Value::Text(call))) =
            (instruction.get(1), instruction.get(5))
            && code.as_str() == "Function"
            && let Some(name) = EXTENSIONS
                .iter()
                .find(|name| call.as_str().starts_with(**name))
        {
            return Err(LimboError::SqlError(format!(
                "misuse of aggregate function {name}()"
            )));
        }
    }
    Ok(())
}

/// Adds a value to a column. Returns how many bytes of text it has.
fn push(column: &mut Growing, value: &Value, boolean: bool) -> usize {
    match value {
        Value::Null => column.push(Cell::Missing),
        Value::Numeric(Numeric::Integer(value @ (0 | 1))) if boolean => {
            column.push(Cell::Boolean(*value == 1));
        }
        Value::Numeric(Numeric::Integer(value)) => column.push(Cell::Integer(*value)),
        Value::Numeric(Numeric::Float(value)) => column.push(Cell::Float((*value).into())),
        Value::Text(text) => {
            column.push(Cell::Text(text.as_str()));
            return text.as_str().len();
        }
        Value::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            column.push(Cell::Text(&hex));
            return hex.len();
        }
    }
    0
}
