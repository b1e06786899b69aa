//! What was sent: bytes, with whatever name and media type came along.
//!
//! Senders are careless with both, so the format is decided by the most specific evidence there is:
//! a media type that names a table format, then the file's ending, then the first bytes. Browsers on
//! Windows call a CSV file `application/vnd.ms-excel` and many servers say `text/plain`; neither
//! decides anything here.

mod decode;
mod message;

pub(super) use decode::decode;
pub use message::{Message, looks_like_table, split_message};

/// One file or text that should hold a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file's name, or the last part of its URL. The table is named after it.
    pub name: Option<String>,
    /// The media type as it was declared, parameters allowed.
    pub media_type: Option<String>,
    /// The content, in any encoding that [`Table::read`](super::Table::read) accepts.
    pub bytes: Vec<u8>,
}

/// How a source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Fields between delimiters; `None` means that the delimiter is found by looking.
    Delimited(Option<u8>),
    /// One JSON value, or one per line.
    Json,
}

impl Source {
    /// The format by the declared type, the name, or the text itself.
    pub(super) fn format(&self, text: &str) -> Format {
        self.media_type
            .as_deref()
            .and_then(by_media_type)
            .or_else(|| self.name.as_deref().and_then(by_name))
            .unwrap_or_else(|| by_content(text))
    }

    /// What this is, when its first bytes show that it cannot be a table of text.
    pub(super) fn foreign(&self) -> Option<&'static str> {
        const SIGNATURES: [(&[u8], &str); 9] = [
            (b"PAR1", "a Parquet file"),
            (b"ARROW1", "an Arrow file"),
            (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
            (b"\xD0\xCF\x11\xE0", "an old Excel workbook"),
            (b"\x1F\x8B", "a gzip file"),
            (b"%PDF-", "a PDF document"),
            (b"SQLite format 3\0", "an SQLite database"),
            (b"\x89PNG", "an image"),
            (b"\xFF\xD8\xFF", "an image"),
        ];
        if let Some((_, what)) = SIGNATURES
            .iter()
            .find(|(signature, _)| self.bytes.starts_with(signature))
        {
            return Some(what);
        }
        let start = self.bytes.trim_ascii_start();
        let is_page = ["<!doctype html", "<html"].iter().any(|tag| {
            start
                .get(..tag.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(tag.as_bytes()))
        });
        is_page.then_some("a web page")
    }
}

fn by_media_type(declared: &str) -> Option<Format> {
    let essence = declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "text/csv" | "application/csv" | "text/x-csv" | "text/comma-separated-values" => {
            Some(Format::Delimited(None))
        }
        "text/tab-separated-values" => Some(Format::Delimited(Some(b'\t'))),
        "application/json"
        | "text/json"
        | "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/json-lines"
        | "application/x-jsonlines" => Some(Format::Json),
        other if other.ends_with("+json") => Some(Format::Json),
        _ => None,
    }
}

fn by_name(name: &str) -> Option<Format> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Delimited(None)),
        "tsv" | "tab" => Some(Format::Delimited(Some(b'\t'))),
        "json" | "geojson" | "ndjson" | "jsonl" => Some(Format::Json),
        _ => None,
    }
}

fn by_content(text: &str) -> Format {
    if text.trim_start().starts_with(['[', '{']) {
        Format::Json
    } else {
        Format::Delimited(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: Option<&str>, media_type: Option<&str>, text: &str) -> Format {
        Source {
            name: name.map(Into::into),
            media_type: media_type.map(Into::into),
            bytes: Vec::new(),
        }
        .format(text)
    }

    #[test]
    fn the_media_type_decides_before_the_name_and_the_name_before_the_content() {
        let tabs = Format::Delimited(Some(b'\t'));
        assert_eq!(
            format(Some("a.csv"), Some("application/json"), "a,b"),
            Format::Json
        );
        assert_eq!(
            format(Some("a.tsv"), Some("text/plain; charset=utf-8"), "[1]"),
            tabs
        );
        assert_eq!(format(Some("A.CSV"), None, "[1]"), Format::Delimited(None));
        assert_eq!(format(Some("data"), None, " \n[1]"), Format::Json);
        assert_eq!(format(None, Some("application/geo+json"), ""), Format::Json);
        assert_eq!(format(None, None, "a,b\n1,2"), Format::Delimited(None));
        assert_eq!(
            format(Some("a.csv"), Some("application/vnd.ms-excel"), ""),
            Format::Delimited(None)
        );
    }

    #[test]
    fn foreign_files_are_named() {
        let of = |bytes: &[u8]| {
            Source {
                bytes: bytes.to_vec(),
                ..Source::default()
            }
            .foreign()
        };
        assert_eq!(
            of(b"PK\x03\x04rest"),
            Some("a ZIP archive or an Excel workbook")
        );
        assert_eq!(of(b"\n <!DOCTYPE HTML><html>"), Some("a web page"));
        assert_eq!(of(b"a,b\n1,2"), None);
        assert_eq!(of(b""), None);
    }
}
