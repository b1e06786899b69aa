//! Columns that grow row by row.

use std::collections::HashMap;

use serde::de::Error;
use serde_json::Value;

use crate::analysis::table::column::{Cell, Column};
use crate::analysis::table::error::{Fault, clip};
use crate::analysis::table::growing::Growing;
use crate::analysis::table::{MAX_CELLS, MAX_COLUMNS, MAX_ROWS, names};

/// Collects rows, or whole columns.
///
/// Its methods return errors of the parser that calls them, so that they get a line and a column.
#[derive(Default)]
pub(super) struct Builder {
    columns: Vec<(String, Growing)>,
    index: HashMap<String, usize>,
    rows: usize,
    kind: Option<RowKind>,
    /// The columns got their names before the first row.
    named: bool,
    /// Where the next key is expected: objects mostly repeat the order of the first.
    next: usize,
}

/// What the rows are. All are of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    Object,
    Array,
    Value,
}

impl RowKind {
    fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Value => "a single value",
        }
    }
}

impl Builder {
    /// Gives the columns their names before any row of values.
    pub(super) fn name(&mut self, names: &[String]) -> Result<(), Fault> {
        if names.len() > MAX_COLUMNS {
            return Err(Fault::TooManyColumns { found: names.len() });
        }
        self.named = true;
        self.columns = names
            .iter()
            .map(|name| (name.clone(), Growing::default()))
            .collect();
        Ok(())
    }

    /// Adds a column without values. Returns its place.
    pub(super) fn add_column<E: Error>(&mut self, name: &str) -> Result<usize, E> {
        let place = self.columns.len();
        if place == MAX_COLUMNS {
            return Err(E::custom(format!("it has more than {MAX_COLUMNS} columns")));
        }
        self.columns.push((name.to_owned(), Growing::default()));
        Ok(place)
    }

    /// The columns, each with one value per row.
    pub(super) fn finish(mut self) -> Result<Vec<Column>, Fault> {
        let names = names::unique(self.columns.iter().map(|(name, _)| name.as_str()));
        if self.rows == 0 {
            let columns = clip(&names.join(", "), 200);
            return Err(if names.is_empty() {
                Fault::Empty
            } else {
                Fault::NoRows { columns }
            });
        }
        if self.columns.is_empty() {
            return Err(Fault::Shape {
                reason: "its objects are empty".into(),
            });
        }
        let rows = self.rows;
        self.columns
            .iter_mut()
            .for_each(|(_, column)| column.pad(rows));
        Ok(self
            .columns
            .into_iter()
            .zip(names)
            .map(|((_, c), name)| c.finish(name))
            .collect())
    }

    pub(super) fn begin_row<E: Error>(&mut self, kind: RowKind) -> Result<(), E> {
        self.next = 0;
        if self.rows == MAX_ROWS {
            return Err(E::custom(format!("it has more than {MAX_ROWS} rows")));
        }
        match self.kind.replace(kind) {
            Some(first) if first != kind => Err(E::custom(format!(
                "row {} is {}, where {} was expected as in the rows before",
                self.rows + 1,
                kind.name(),
                first.name()
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn end_row<E: Error>(&mut self) -> Result<(), E> {
        self.rows += 1;
        within_cells(self.rows, self.columns.len())
    }

    /// Writes a member of the object that is being read. Its column may be new.
    pub(super) fn put<E: Error>(&mut self, key: &str, cell: Cell<'_>) -> Result<(), E> {
        let column = match self.columns.get(self.next) {
            Some((name, _)) if name == key => self.next,
            _ => match self.index.get(key) {
                Some(column) => *column,
                None => {
                    let column = self.add_column(key)?;
                    self.index.insert(key.to_owned(), column);
                    column
                }
            },
        };
        self.next = column + 1;
        self.put_at(column, cell);
        Ok(())
    }

    fn put_at(&mut self, column: usize, cell: Cell<'_>) {
        if let Some((_, values)) = self.columns.get_mut(column) {
            values.pad(self.rows);
            if values.len() > self.rows {
                // The same key twice in one object: the last one counts, as in JavaScript.
                values.pop();
            }
            values.push(cell);
        }
    }

    /// Takes an array as a row; the first one may be the header.
    pub(super) fn array<E: Error>(&mut self, cells: &[Value]) -> Result<(), E> {
        self.begin_row(RowKind::Array)?;
        if self.columns.is_empty() && !self.named {
            let is_header = cells.iter().all(Value::is_string);
            for cell in cells {
                let name = if is_header {
                    cell.as_str().unwrap_or_default()
                } else {
                    ""
                };
                self.add_column(name)?;
            }
            if is_header {
                return Ok(());
            }
        }
        let (found, expected) = (cells.len(), self.columns.len());
        if found != expected {
            return Err(E::custom(Fault::RaggedRow {
                row: self.rows + 1,
                found,
                expected,
            }));
        }
        for (column, cell) in cells.iter().enumerate() {
            with_cell(cell, |cell| self.put_at(column, cell));
        }
        self.end_row()
    }

    /// Adds a value at the end of a column that is read as a whole.
    pub(super) fn append<E: Error>(&mut self, column: usize, cell: Cell<'_>) -> Result<(), E> {
        let columns = self.columns.len();
        let Some((_, values)) = self.columns.get_mut(column) else {
            return Ok(());
        };
        if values.len() == MAX_ROWS {
            return Err(E::custom(format!("it has more than {MAX_ROWS} rows")));
        }
        values.push(cell);
        self.rows = values.len();
        within_cells(self.rows, columns)
    }

    /// Checks that columns that were read as a whole have one length.
    pub(super) fn check_lengths(&self) -> Result<(), Fault> {
        let Some((first, values)) = self.columns.first() else {
            return Ok(());
        };
        let length = values.len();
        match self.columns.iter().find(|(_, other)| other.len() != length) {
            None => Ok(()),
            Some((name, other)) => {
                let (first, name, found) = (clip(first, 60), clip(name, 60), other.len());
                let reason = format!("column {first} has {length} values, but {name} has {found}");
                Err(Fault::Shape { reason })
            }
        }
    }
}

fn within_cells<E: Error>(rows: usize, columns: usize) -> Result<(), E> {
    if rows.saturating_mul(columns) > MAX_CELLS {
        return Err(E::custom(format!("it has more than {MAX_CELLS} values")));
    }
    Ok(())
}

fn with_cell(value: &Value, take: impl FnOnce(Cell<'_>)) {
    match value {
        Value::Null => take(Cell::Missing),
        Value::Bool(value) => take(Cell::Boolean(*value)),
        Value::String(text) => take(Cell::Text(text)),
        Value::Number(number) => match (number.as_i64(), number.is_f64(), number.as_f64()) {
            (Some(value), ..) => take(Cell::Integer(value)),
            (None, true, Some(value)) => take(Cell::Float(value)),
            _ => take(Cell::Text(&number.to_string())),
        },
        nested => take(Cell::Text(&nested.to_string())),
    }
}
