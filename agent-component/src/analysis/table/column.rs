//! A column, its kind and its cells.

use std::fmt;

use serde_json::Value;

use crate::analysis::number::readable;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Whole numbers of 64 bits.
    Integer,
    /// Floating-point numbers of 64 bits.
    Float,
    /// True or false.
    Boolean,
    /// Days, as `2024-02-29`.
    Date,
    /// Points in time, as `2024-02-29T13:45:00`, with `Z` when an offset from UTC was given.
    Timestamp,
    /// Anything else.
    Text,
}

impl Kind {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Text => "text",
        }
    }

    /// True for what can be summed.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float)
    }

    /// True for what lies on a calendar.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp)
    }
}

/// One value of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// There is no value.
    Missing,
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// Text, dates included.
    Text(&'a str),
}

impl Cell<'_> {
    /// The value in JSON. Integers stay integers; a missing value is `null`.
    pub fn to_json(self) -> Value {
        match self {
            Self::Missing => Value::Null,
            Self::Integer(value) => Value::from(value),
            Self::Float(value) => Value::from(value),
            Self::Boolean(value) => Value::from(value),
            Self::Text(value) => Value::from(value),
        }
    }

    /// The value as a number. Booleans and text are not numbers.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            _ => None,
        }
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => f.write_str(&readable(*value)),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// A named column of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    name: String,
    kind: Kind,
    pub(in crate::analysis) values: Values,
    /// Whether the value of a row is missing; its place in `values` then holds a filler.
    missing: Vec<bool>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::analysis) enum Values {
    Integer(Vec<i64>),
    Float(Vec<f64>),
    Boolean(Vec<bool>),
    Text(Texts),
}

impl Column {
    /// `values` and `missing` are of one length, and text of kind date or timestamp is canonical.
    pub(super) fn new(name: String, kind: Kind, values: Values, missing: Vec<bool>) -> Self {
        Self {
            name,
            kind,
            values,
            missing,
        }
    }

    /// The name as it was sent, made unique within the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of every value.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.missing.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    /// The value of a row; missing beyond the last one.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        if self.missing.get(row).copied().unwrap_or(true) {
            return Cell::Missing;
        }
        let cell = match &self.values {
            Values::Integer(values) => values.get(row).copied().map(Cell::Integer),
            Values::Float(values) => values.get(row).copied().map(Cell::Float),
            Values::Boolean(values) => values.get(row).copied().map(Cell::Boolean),
            Values::Text(values) => values.get(row).map(Cell::Text),
        };
        cell.unwrap_or(Cell::Missing)
    }

    /// All values, missing ones included.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        (0..self.len()).map(|row| self.cell(row))
    }
}

/// Strings end to end in one buffer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::analysis) struct Texts {
    buffer: String,
    /// Where each string ends. 32 bits suffice: a source is far smaller.
    ends: Vec<u32>,
}

impl Texts {
    pub(in crate::analysis) fn push(&mut self, text: &str) {
        self.buffer.push_str(text);
        self.ends
            .push(u32::try_from(self.buffer.len()).unwrap_or(u32::MAX));
    }

    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.buffer
            .truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    pub(in crate::analysis) fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)? as usize;
        let start = match row.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.buffer.get(start..end)
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.buffer.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}
