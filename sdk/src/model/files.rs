//! What becomes of the parts of a message that are files.

use attache_protocol::wire::{Content, Part};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A part as models take it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown<'a> {
    /// Text, data, and files of text.
    Text(String),
    /// Bytes in base64, and what they are.
    Bytes { media_type: String, base64: String },
    /// A link, and what it leads to, if that is known.
    Link { media_type: &'a str, url: &'a str },
}

pub(super) fn shown(part: &Part) -> Shown<'_> {
    match &part.content {
        Content::Text(text) => Shown::Text(text.clone()),
        Content::Data(value) => Shown::Text(value.to_string()),
        Content::Url(url) => Shown::Link {
            media_type: essence(&part.media_type),
            url,
        },
        Content::Raw(bytes) => {
            let media_type = essence(&part.media_type);
            let text = (media_type.is_empty() || is_text(media_type))
                .then(|| std::str::from_utf8(bytes).ok())
                .flatten();
            match text {
                Some(text) if part.filename.is_empty() => Shown::Text(text.to_owned()),
                Some(text) => Shown::Text(format!("The file {}:\n{text}", part.filename)),
                None => Shown::Bytes {
                    media_type: if media_type.is_empty() {
                        "application/octet-stream".to_owned()
                    } else {
                        media_type.to_ascii_lowercase()
                    },
                    base64: STANDARD.encode(bytes),
                },
            }
        }
    }
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

fn is_text(media_type: &str) -> bool {
    let media_type = media_type.to_ascii_lowercase();
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml") && media_type != "image/svg+xml"
        || matches!(
            media_type.strip_prefix("application/"),
            Some("json" | "xml" | "csv" | "yaml" | "x-yaml" | "x-ndjson" | "sql" | "javascript")
        )
}
