//! What Gemini Enterprise keeps of an agent.

pub(crate) mod agent;
pub(crate) mod card;

use serde_json::Value;

/// A text of a document, or an empty one.
fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
