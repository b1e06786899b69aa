//! Errors of a query, for the person who wrote it.

use turso_core::LimboError;

use super::{MAX_QUERY_TIME, MAX_SQL_BYTES, quoted};
use crate::analysis::nearest::nearest;
use crate::analysis::table::{Column, Table, clip};

/// A query that could not be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// There is no statement.
    #[error("There is no SQL to run.")]
    Empty,
    /// Not a query.
    #[error("I only read: send one SELECT statement.")]
    NotSelect,
    /// More than one statement.
    #[error("Send one SELECT statement at a time.")]
    SeveralStatements,
    /// A function that is not offered.
    #[error("The function {name} is not available here.")]
    Refused {
        /// The function.
        name: &'static str,
    },
    /// A query longer than [`MAX_SQL_BYTES`].
    #[error("The query has {bytes} bytes; at most {MAX_SQL_BYTES} fit.")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Nested beyond reason.
    #[error("The query is nested too deeply.")]
    TooDeep,
    /// Not SQL.
    #[error("The SQL is not valid: {reason}.")]
    Syntax {
        /// What the parser says, with the place.
        reason: String,
    },
    /// A name that does not exist: of a column, a table or a function.
    #[error("There is no {what} {name}.{advice}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name, quoted.
        name: String,
        /// What exists.
        advice: String,
    },
    /// A query that took longer than [`MAX_QUERY_TIME`].
    #[error(
        "The query was stopped after {} seconds. Filter or aggregate earlier, or join on equality.",
        MAX_QUERY_TIME.as_secs()
    )]
    TooSlow,
    /// Anything else that the engine refuses.
    #[error("The query failed: {reason}.")]
    Failed {
        /// What the engine says.
        reason: String,
    },
}

impl SqlError {
    pub(super) fn syntax(error: &turso_parser::error::Error) -> Self {
        let reason = match error {
            turso_parser::error::Error::ParseUnexpectedEOF => "it ends too early".to_owned(),
            other => error_text(&other.to_string()),
        };
        Self::Syntax { reason }
    }
}

/// Puts the engine's error in terms of the tables.
pub(super) fn explain(error: &LimboError, sql: &str, tables: &[Table]) -> SqlError {
    match error {
        LimboError::LexerError(error) => return SqlError::syntax(error),
        LimboError::Interrupt | LimboError::Busy => return SqlError::TooSlow,
        _ => {}
    }
    let message = error.to_string();
    let message = message.strip_prefix("Parse error: ").unwrap_or(&message);
    let after = |prefix| {
        message
            .strip_prefix(prefix)
            .map(|name: &str| name.trim_matches('"'))
    };
    if let Some(name) = after("no such column: ") {
        return unknown_column(name, sql, tables);
    }
    if let Some(name) = after("no such table: ") {
        return unknown_table(name, tables);
    }
    if let Some(name) = after("no such function: ") {
        return unknown_function(name);
    }
    SqlError::Failed {
        reason: error_text(message),
    }
}

fn error_text(message: &str) -> String {
    clip(message.trim_end_matches('.'), 200)
}

fn unknown_column(name: &str, sql: &str, tables: &[Table]) -> SqlError {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let mentioned: Vec<_> = tables
        .iter()
        .filter(|table| mentions(sql, table.name()))
        .collect();
    let tables = if mentioned.is_empty() {
        tables.iter().collect()
    } else {
        mentioned
    };
    let columns = || {
        tables
            .iter()
            .flat_map(|table| table.columns())
            .map(Column::name)
    };
    let meant = match nearest(bare, columns()) {
        Some(meant) => format!(" Did you mean {}?", quoted(meant)),
        None => String::new(),
    };
    let lists: Vec<_> = tables.iter().map(|table| columns_of(table)).collect();
    let advice = format!("{meant} {}", lists.join(" "));
    SqlError::Unknown {
        what: "column",
        name: shown(name),
        advice,
    }
}

fn columns_of(table: &Table) -> String {
    const LISTED: usize = 40;
    let names = table.columns().iter().map(|column| quoted(column.name()));
    let mut listed: Vec<_> = names.take(LISTED).collect();
    if table.columns().len() > LISTED {
        listed.push("…".to_owned());
    }
    format!("The columns of {} are {}.", table.name(), listed.join(", "))
}

fn unknown_table(name: &str, tables: &[Table]) -> SqlError {
    let names: Vec<_> = tables.iter().map(Table::name).collect();
    let advice = match (nearest(name, names.iter().copied()), names.as_slice()) {
        (_, []) => " No table has been sent yet.".to_owned(),
        (_, [only]) => format!(" The table is called {only}."),
        (Some(meant), _) => format!(
            " Did you mean {meant}? The tables are {}.",
            names.join(", ")
        ),
        (None, _) => format!(" The tables are {}.", names.join(", ")),
    };
    SqlError::Unknown {
        what: "table",
        name: shown(name),
        advice,
    }
}

fn unknown_function(name: &str) -> SqlError {
    // What people bring along from other dialects.
    let instead = match name.to_ascii_lowercase().as_str() {
        "year" | "month" | "day" | "hour" | "date_trunc" | "date_part" | "extract" | "to_char"
        | "date_format" | "dayofweek" | "week" => {
            "strftime('%Y', day), strftime('%Y-%m', day) or strftime('%w', day)"
        }
        "now" | "getdate" | "current_timestamp" => "datetime('now')",
        "datediff" | "date_diff" | "age" => "julianday(a) - julianday(b)",
        "dateadd" | "date_add" | "date_sub" => "date(day, '+1 month')",
        "stdev" | "std" | "stdev_samp" => "stddev(x)",
        "quantile" | "percentile_approx" | "approx_quantile" => "percentile(x, 90)",
        "len" | "char_length" => "length(x)",
        "left" => "substr(x, 1, n)",
        "right" => "substr(x, -n)",
        "to_number" | "int" | "float" => "CAST(x AS REAL)",
        "isnull" | "nvl" => "coalesce(x, 0)",
        "if" => "iif(condition, a, b)",
        "listagg" | "array_agg" => "group_concat(x, ', ')",
        _ => "",
    };
    let advice = if instead.is_empty() {
        " The dialect is SQLite's.".to_owned()
    } else {
        format!(" The dialect is SQLite's: write {instead}.")
    };
    SqlError::Unknown {
        what: "function",
        name: shown(name),
        advice,
    }
}

fn shown(name: &str) -> String {
    format!("`{}`", clip(name, 80))
}

/// True when the text contains the name, in any case.
pub(super) fn mentions(sql: &str, name: &str) -> bool {
    sql.to_lowercase().contains(&name.to_lowercase())
}
