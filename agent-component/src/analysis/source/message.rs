//! A table inside a chat message.
//!
//! People paste a few lines under their question. A fenced block says what it is; a JSON value, a
//! Markdown table and lines of delimited fields are recognised by their shape. Prose with commas must
//! not become a table, so lines count only when they agree on their number of fields and look like
//! data; but a table with one bad line is still taken, so that the line can be named in an error.

mod lines;

use serde::de::IgnoredAny;

use super::Source;

/// A message taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What is left without the table, trimmed. Empty when the message is only a table.
    pub question: String,
    /// The table, when there is one.
    pub table: Option<Source>,
}

/// Takes a pasted table out of a message.
///
/// Only the first table is taken. Everything else stays in the question, SQL included.
pub fn split_message(text: &str) -> Message {
    let found = fenced(text)
        .or_else(|| markdown(text))
        .or_else(|| json(text))
        .or_else(|| {
            let range = lines::delimited(text)?;
            let bytes = text.get(range.clone())?.trim_end().as_bytes().to_vec();
            // No media type: the delimiter is found by looking, once, where the table is read.
            Some(Found {
                range,
                table: Source {
                    bytes,
                    ..Source::default()
                },
            })
        });
    let Some(Found { range, table }) = found else {
        return Message {
            question: text.trim().to_owned(),
            table: None,
        };
    };
    let before = text.get(..range.start).unwrap_or_default().trim();
    let after = text.get(range.end..).unwrap_or_default().trim();
    let question = match (before, after) {
        ("", rest) | (rest, "") => rest.to_owned(),
        (before, after) => format!("{before}\n{after}"),
    };
    Message {
        question,
        table: Some(table),
    }
}

/// True when the whole text is a table and nothing else.
pub fn looks_like_table(text: &str) -> bool {
    let message = split_message(text);
    message.table.is_some() && message.question.is_empty()
}

struct Found {
    range: std::ops::Range<usize>,
    table: Source,
}

/// The first fenced block that holds a table.
fn fenced(text: &str) -> Option<Found> {
    const FENCE: &str = "```";
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find(FENCE)?;
        let opened = start + FENCE.len();
        let line_end = opened + text.get(opened..)?.find('\n')?;
        let language = text.get(opened..line_end)?.trim().to_ascii_lowercase();
        let inside = line_end + 1;
        let length = text.get(inside..)?.find(FENCE);
        let close = length.map_or(text.len(), |length| inside + length);
        let content = text.get(inside..close)?;
        let end = text.len().min(close + FENCE.len());
        let media_type = match language.as_str() {
            "csv" => Some("text/csv"),
            "tsv" => Some("text/tab-separated-values"),
            "json" | "jsonl" | "ndjson" => Some("application/json"),
            _ => None,
        };
        let table = match media_type {
            Some(media_type) => Some(Source {
                media_type: Some(media_type.to_owned()),
                bytes: content.as_bytes().to_vec(),
                name: None,
            }),
            None if language == "sql" => None,
            None => split_message(content).table,
        };
        if let Some(table) = table {
            return Some(Found {
                range: start..end,
                table,
            });
        }
        from = end;
    }
}

/// A Markdown table, rewritten as CSV.
fn markdown(text: &str) -> Option<Found> {
    let table = lines::markdown(text)?;
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    for row in &table.rows {
        // Rows of different length are kept: reading the table names the line.
        let mut record = csv::ByteRecord::new();
        row.iter()
            .for_each(|cell| record.push_field(cell.as_bytes()));
        writer.write_byte_record(&record).ok()?;
    }
    let bytes = writer.into_inner().ok()?;
    let table_source = Source {
        media_type: Some("text/csv".into()),
        bytes,
        name: None,
    };
    Some(Found {
        range: table.range,
        table: table_source,
    })
}

/// A JSON value that can be a table, or several on lines of their own.
fn json(text: &str) -> Option<Found> {
    // An opening bracket in prose is rarely followed by another; past a few there is no table.
    const CANDIDATES: usize = 16;
    let opens = |position: usize| {
        let mut next = text.get(position..)?.chars().filter(|c| !c.is_whitespace());
        match (next.next()?, next.next()?) {
            ('[', '{' | '[') | ('{', '"') => Some(position),
            _ => None,
        }
    };
    text.match_indices(['[', '{'])
        .filter_map(|(position, _)| opens(position))
        .take(CANDIDATES)
        .find_map(|start| {
            let rest = text.get(start..)?;
            let end = start + json_extent(rest)?;
            let bytes = text.get(start..end)?.trim_end().as_bytes().to_vec();
            let media_type = Some("application/json".to_owned());
            Some(Found {
                range: start..end,
                table: Source {
                    name: None,
                    media_type,
                    bytes,
                },
            })
        })
}

/// How many bytes at the start of `text` are the values of a table.
fn json_extent(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let (mut count, mut extent) = (0, 0);
    while let Some(Ok(_)) = values.next() {
        let end = values.byte_offset();
        // A bare word or number after the value belongs to the sentence around it.
        let value = text.get(extent..end)?.trim_start();
        if !value.starts_with(['[', '{']) {
            break;
        }
        (count, extent) = (count + 1, end);
    }
    let value = text.get(..extent)?;
    // One object is a table only when it holds arrays or objects.
    let holds_more = value
        .get(1..)
        .is_some_and(|inside| inside.contains(['[', '{']));
    if count > 1 || (count == 1 && (value.starts_with('[') || holds_more)) {
        return Some(extent);
    }
    // Broken JSON that fills the rest of the message is taken whole, so that its error is reported.
    (count == 0 && text.lines().count() > 2).then_some(text.len())
}

#[cfg(test)]
mod tests;
