//! Why a source is not a table.

use super::{MAX_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_ROWS};

/// A source that could not be read, in a sentence that names the place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("I could not read {label}: {fault}")]
pub struct ReadError {
    label: String,
    #[source]
    fault: Fault,
}

impl ReadError {
    pub(super) fn new(name: Option<&str>, fault: Fault) -> Self {
        let label = name.map_or_else(|| "the table".to_owned(), |name| clip(name, 80));
        Self { label, fault }
    }
}

/// What is wrong with a source. Lines, rows and columns count from 1, bytes from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::analysis) enum Fault {
    #[error("it is empty. Send a CSV table with a header line, or a JSON array of objects.")]
    Empty,
    #[error("it has a header ({columns}) but no rows.")]
    NoRows { columns: String },
    #[error("it is {what}. Send the data as CSV, TSV or JSON.")]
    Foreign { what: &'static str },
    #[error(
        "it is not valid UTF-8: line {line} (byte {offset}) contains the byte 0x{byte:02X}. \
         Save the file as UTF-8 and send it again."
    )]
    InvalidUtf8 {
        line: usize,
        offset: usize,
        byte: u8,
    },
    #[error(
        "it starts with the byte order mark of UTF-16, but byte {offset} is not valid UTF-16. \
         Save the file as UTF-8 and send it again."
    )]
    InvalidUtf16 { offset: usize },
    #[error(
        "line {line} has {found} {fields}, but the header has {expected}. {hint}\
         Put a value between double quotes when it contains the delimiter `{delimiter}`.",
        fields = if *found == 1 { "field" } else { "fields" }
    )]
    Ragged {
        line: usize,
        found: usize,
        expected: usize,
        delimiter: String,
        hint: String,
    },
    #[error("row {row} has {found} values, but there are {expected} columns.")]
    RaggedRow {
        row: usize,
        found: usize,
        expected: usize,
    },
    #[error("it is not valid CSV: {reason}.")]
    Csv { reason: String },
    #[error("it is not valid JSON: line {line}, column {column}: {reason}.")]
    Json {
        line: usize,
        column: usize,
        reason: String,
    },
    #[error(
        "the JSON is not a table: {reason}. Send an array of objects like \
         [{{\"city\": \"Oslo\", \"price\": 12}}]."
    )]
    Shape { reason: String },
    #[error("it has {found} columns; at most {MAX_COLUMNS} fit.")]
    TooManyColumns { found: usize },
    #[error("it has more than {MAX_ROWS} rows. Send a part of it, or an aggregate.")]
    TooManyRows,
    #[error(
        "it has more than {MAX_CELLS} values. Leave out columns or rows that the question does \
         not need."
    )]
    TooManyCells,
    #[error("it has {found} bytes; at most {} MiB fit.", MAX_BYTES >> 20)]
    TooManyBytes { found: usize },
}

/// Shortens text that comes from the sender, so that an error stays a sentence.
pub(in crate::analysis) fn clip(text: &str, characters: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut rest = text.chars();
    let mut clipped: String = rest.by_ref().take(characters).map(clean).collect();
    if rest.next().is_some() {
        clipped.push('…');
    }
    clipped
}
