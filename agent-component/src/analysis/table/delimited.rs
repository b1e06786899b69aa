//! Delimited text: CSV, TSV, and the semicolons of spreadsheets in half of Europe.
//!
//! The first line is the header, unless all of its fields are numbers. Every line must have as many
//! fields as the header: a line that has not is an error, not a guess about what is missing. With
//! semicolons, `12,5` is a number.

use csv::{ReaderBuilder, StringRecord};

use super::column::{Column, Texts};
use super::error::{Fault, clip};
use super::{MAX_CELLS, MAX_COLUMNS, MAX_ROWS, infer, names};

/// In the order of preference when the text does not show which one it is.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

pub(super) fn read(text: &str, delimiter: Option<u8>) -> Result<Vec<Column>, Fault> {
    let (text, skipped, announced) = without_announcement(text);
    let delimiter = delimiter.or(announced).unwrap_or_else(|| sniff(text));
    let mut reader = reader(text, delimiter);
    let mut record = StringRecord::new();
    if !next(&mut reader, &mut record)? {
        return Err(Fault::Empty);
    }
    let width = record.len();
    if width > MAX_COLUMNS {
        return Err(Fault::TooManyColumns { found: width });
    }
    let mut columns: Vec<_> = (0..width).map(|_| Unread::default()).collect();
    let mut rows = 0;
    let header = if is_data(&record) {
        None
    } else {
        Some(record.clone())
    };
    let mut more = header.is_none() || next(&mut reader, &mut record)?;
    while more {
        if record.len() != width {
            return Err(ragged(text, &record, width, delimiter, skipped));
        }
        rows += 1;
        if rows > MAX_ROWS {
            return Err(Fault::TooManyRows);
        }
        if rows * width > MAX_CELLS {
            return Err(Fault::TooManyCells);
        }
        columns
            .iter_mut()
            .zip(&record)
            .for_each(|(column, field)| column.push(field));
        more = next(&mut reader, &mut record)?;
    }
    let names = match &header {
        Some(header) => names::unique(header.iter()),
        None => names::unique(std::iter::repeat_n("", width)),
    };
    if rows == 0 {
        return Err(Fault::NoRows {
            columns: clip(&names.join(", "), 200),
        });
    }
    let decimal_comma = delimiter == b';';
    Ok(columns
        .into_iter()
        .zip(names)
        .map(|(column, name)| column.finish(name, decimal_comma))
        .collect())
}

#[derive(Default)]
struct Unread {
    texts: Texts,
    missing: Vec<bool>,
}

impl Unread {
    fn push(&mut self, field: &str) {
        let missing = infer::is_missing(field.trim());
        self.missing.push(missing);
        self.texts.push(if missing { "" } else { field });
    }

    fn finish(self, name: String, decimal_comma: bool) -> Column {
        let (kind, values) = infer::typed(self.texts, &self.missing, decimal_comma);
        Column::new(name, kind, values, self.missing)
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

fn next(reader: &mut csv::Reader<&[u8]>, record: &mut StringRecord) -> Result<bool, Fault> {
    reader.read_record(record).map_err(|error| Fault::Csv {
        reason: error.to_string(),
    })
}

/// Spreadsheets may put `sep=;` before the header.
fn without_announcement(text: &str) -> (&str, usize, Option<u8>) {
    let rest = text
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))
        .and(text.get(4..));
    match rest.map(str::as_bytes) {
        Some([delimiter, b'\n' | b'\r', ..]) if DELIMITERS.contains(delimiter) => {
            let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
            (rest, 1, Some(*delimiter))
        }
        _ => (text, 0, None),
    }
}

/// The delimiter with which the first lines agree best on a number of fields above one.
fn sniff(text: &str) -> u8 {
    const SAMPLE: usize = 64 << 10;
    const RECORDS: usize = 100;
    let sample = match text.as_bytes().get(..SAMPLE) {
        // Only whole lines count.
        Some(head) => match head.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => text.get(..end).unwrap_or(text),
            None => text,
        },
        None => text,
    };
    let score = |delimiter: u8| {
        let mut reader = reader(sample, delimiter);
        let mut records = reader.records().map_while(Result::ok).take(RECORDS);
        let header = records.next().filter(|header| header.len() > 1)?;
        let (mut lines, mut agreeing) = (1, 1);
        for record in records {
            lines += 1;
            agreeing += usize::from(record.len() == header.len());
        }
        // A quote inside a name was cut out of a quoted field by the wrong delimiter.
        let clean = !header.iter().any(|name| name.contains('"'));
        Some((agreeing * 1000 / lines, clean, header.len()))
    };
    let mut best = (b',', (0, false, 0));
    for delimiter in DELIMITERS {
        if let Some(score) = score(delimiter)
            && score > best.1
        {
            best = (delimiter, score);
        }
    }
    best.0
}

/// True when the first line can only be data.
fn is_data(record: &StringRecord) -> bool {
    record
        .iter()
        .all(|field| field.trim().parse::<f64>().is_ok_and(f64::is_finite))
}

fn ragged(text: &str, record: &StringRecord, width: usize, delimiter: u8, skipped: usize) -> Fault {
    // The position of a record is before the empty lines that the reader skips.
    let start = record
        .position()
        .and_then(|position| usize::try_from(position.byte()).ok());
    let (before, rest) = text
        .split_at_checked(start.unwrap_or(0))
        .unwrap_or((text, ""));
    let empty = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    let empty_lines = rest.get(..empty).unwrap_or_default().matches('\n').count();
    let line = 1 + before.matches('\n').count() + empty_lines + skipped;
    let hint = if record.iter().any(|field| field.contains('\n')) {
        "A double quote is opened on that line and closed on a later one, or never. "
    } else {
        ""
    };
    let delimiter = match delimiter {
        b'\t' => "tab".to_owned(),
        other => char::from(other).to_string(),
    };
    Fault::Ragged {
        line,
        found: record.len(),
        expected: width,
        delimiter,
        hint: hint.to_owned(),
    }
}
