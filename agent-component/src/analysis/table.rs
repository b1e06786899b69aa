//! A table: named, typed columns, kept column by column.
//!
//! One column has one kind, decided by all of its values, because a profile, a chart and a sum need
//! one; a value that does not fit makes the column text rather than being dropped. A column is a
//! dense vector of numbers, or one string with the end of every cell, so a CSV file needs about its
//! own size in memory. Dates stay text, in ISO 8601: it sorts as it reads, SQLite's date functions
//! take it, and nothing about a time zone is invented.
//!
//! In delimited text `NA`, `N/A`, `null`, `NaN` (in any case) and an empty field are missing values.
//! In JSON only `null`, and a name that an object lacks, are.

mod column;
mod delimited;
mod error;
mod growing;
mod infer;
mod json;
mod names;

use serde_json::{Value, json};

use super::source::{Format, Source, decode};
pub use column::{Cell, Column, Kind};
pub(super) use column::{Texts, Values};
pub use error::ReadError;
pub(super) use error::{Fault, clip};
pub(crate) use growing::Growing;
pub(super) use names::matching_key;
pub(crate) use names::unique;

/// The largest source, in bytes: what fits into the memory of one instance beside its copies.
pub const MAX_BYTES: usize = 32 << 20;
/// The most rows of one table.
pub const MAX_ROWS: usize = 1_000_000;
/// The most columns of one table.
pub const MAX_COLUMNS: usize = 1_000;
/// The most cells of one table. It binds for tables of very short fields.
pub const MAX_CELLS: usize = 8_000_000;

/// A table in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    name: String,
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// Reads one source as a table called `name`.
    ///
    /// # Errors
    ///
    /// A sentence that names the source, the place and the value.
    pub fn read(source: &Source, name: &str) -> Result<Self, ReadError> {
        let read = || -> Result<Self, Fault> {
            if source.bytes.len() > MAX_BYTES {
                return Err(Fault::TooManyBytes {
                    found: source.bytes.len(),
                });
            }
            if let Some(what) = source.foreign() {
                return Err(Fault::Foreign { what });
            }
            let text = decode(&source.bytes)?;
            if text.trim().is_empty() {
                return Err(Fault::Empty);
            }
            let columns = match source.format(&text) {
                Format::Delimited(delimiter) => delimited::read(&text, delimiter)?,
                Format::Json => json::read(&text)?,
            };
            Ok(Self::from_columns(name, columns))
        };
        read().map_err(|fault| ReadError::new(source.name.as_deref(), fault))
    }

    /// Reads all sources of a conversation, oldest first.
    ///
    /// A table is called after its file (`sales.csv` becomes `sales`), else `table1`, `table2`, ….
    /// A newer file takes the place of an older one of the same name.
    ///
    /// # Errors
    ///
    /// The first source that cannot be read.
    pub fn read_all(sources: &[Source]) -> Result<Vec<Self>, ReadError> {
        let mut tables: Vec<Self> = Vec::with_capacity(sources.len());
        let mut unnamed = 0;
        for source in sources {
            let name = source
                .name
                .as_deref()
                .and_then(names::from_file)
                .unwrap_or_else(|| {
                    unnamed += 1;
                    format!("table{unnamed}")
                });
            let table = Self::read(source, &name)?;
            // Removing keeps the order of arrival: the last table is the newest.
            tables.retain(|older| !older.name.eq_ignore_ascii_case(&name));
            tables.push(table);
        }
        Ok(tables)
    }

    pub(crate) fn from_columns(name: &str, columns: Vec<Column>) -> Self {
        let rows = columns.first().map_or(0, Column::len);
        Self {
            name: name.to_owned(),
            columns,
            rows,
        }
    }

    /// The same table under another name, a valid identifier.
    pub(super) fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The name to use in SQL: a valid identifier.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns, in order. Their names are unique, whatever their case.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column of this name, in any case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| names::same(column.name(), name))
    }

    /// `{"columns": [name, …], "rows": [[value, …], …], "rowCount": n}`, with at most `limit` rows.
    ///
    /// Rows are arrays: the order of columns is part of an answer, and names are not repeated in
    /// every row. `rowCount` counts all rows, also those beyond the limit.
    pub fn to_json(&self, limit: usize) -> Value {
        let names: Vec<_> = self.columns.iter().map(Column::name).collect();
        let rows: Vec<Value> = (0..self.rows.min(limit))
            .map(|row| {
                self.columns
                    .iter()
                    .map(|column| column.cell(row).to_json())
                    .collect()
            })
            .collect();
        json!({ "columns": names, "rows": rows, "rowCount": self.rows })
    }

    /// The first `limit` rows as a text table.
    pub fn to_text(&self, limit: usize) -> String {
        super::grid::Grid::of(self, limit).to_string()
    }
}

#[cfg(test)]
mod tests;
