//! What a call of a tool gave, for the model.

use crate::tools::json::{get, set, take};
use serde_json::{Map, Value, json};

/// The result of `tools/call`; the error is what the tool says of its failure.
pub(super) fn of(mut result: Value) -> Result<Value, String> {
    let contents = match result.get_mut("content").map(Value::take) {
        Some(Value::Array(contents)) => contents,
        _ => Vec::new(),
    };
    let texts_only = contents
        .iter()
        .all(|content| get(content, "type") == "text");
    let mut contents: Vec<Value> = contents.into_iter().map(content).collect();
    if get(&result, "isError") == true {
        let words: Vec<_> = contents.iter().filter_map(Value::as_str).collect();
        return Err(if words.is_empty() {
            "The tool failed and does not say why.".to_owned()
        } else {
            words.join("\n")
        });
    }
    let structured = result.get_mut("structuredContent").map(Value::take);
    match structured.filter(|structured| !structured.is_null()) {
        // The texts are the same again, for clients that read no more.
        Some(structured) if texts_only => Ok(structured),
        Some(structured) => Ok(json!({ "structured": structured, "content": contents })),
        None if contents.len() == 1 => Ok(contents.remove(0)),
        None if texts_only => {
            let texts: Vec<_> = contents.iter().filter_map(Value::as_str).collect();
            Ok(Value::String(texts.join("\n")))
        }
        None => Ok(Value::Array(contents)),
    }
}

/// Texts as they are. Bytes are named and not shown: a model cannot read them here.
fn content(mut content: Value) -> Value {
    let kind = get(&content, "type")
        .as_str()
        .unwrap_or_default()
        .to_owned();
    match &*kind {
        "text" => take(&mut content, "text"),
        "image" | "audio" => bytes(&kind, get(&content, "mimeType"), get(&content, "data")),
        "resource" => {
            let mut resource = take(&mut content, "resource");
            match take(&mut resource, "text") {
                text @ Value::String(_) => json!({ "uri": get(&resource, "uri"), "text": text }),
                _ => {
                    let mut named =
                        bytes("file", get(&resource, "mimeType"), get(&resource, "blob"));
                    set(&mut named, "uri", take(&mut resource, "uri"));
                    named
                }
            }
        }
        "resource_link" => {
            let mut link = Map::new();
            for field in ["uri", "name", "description", "mimeType"] {
                if let Some(value) = content.get_mut(field) {
                    link.insert(field.to_owned(), value.take());
                }
            }
            Value::Object(link)
        }
        other => json!({ "note": format!("Content of the type {other:?}, which is not shown.") }),
    }
}

fn bytes(kind: &str, media_type: &Value, base64: &Value) -> Value {
    let size = base64
        .as_str()
        .map_or(0, |text| text.trim_end_matches('=').len() * 3 / 4);
    let media_type = media_type.as_str().unwrap_or("of an unknown type");
    json!({ "note": format!("A {kind} ({media_type}, {size} bytes), which is not shown.") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_is_given() {
        let text = |text: &str| json!({"type": "text", "text": text});
        for (result, expected) in [
            (json!({"content": [text("a")]}), json!("a")),
            (json!({"content": [text("a"), text("b")]}), json!("a\nb")),
            (json!({"content": []}), json!("")),
            (json!({}), json!("")),
            (
                json!({"content": [text("{\"n\":1}")], "structuredContent": {"n": 1}}),
                json!({"n": 1}),
            ),
            (
                json!({"content": [text("see"), {"type": "image", "mimeType": "image/png", "data": "AAAA"}]}),
                json!(["see", {"note": "A image (image/png, 3 bytes), which is not shown."}]),
            ),
            (
                json!({"content": [{"type": "resource", "resource": {"uri": "file:///a", "text": "t"}}]}),
                json!({"uri": "file:///a", "text": "t"}),
            ),
            (
                json!({"content": [{"type": "resource_link", "uri": "file:///a", "name": "a", "size": 3}]}),
                json!({"uri": "file:///a", "name": "a"}),
            ),
        ] {
            assert_eq!(of(result.clone()), Ok(expected), "{result}");
        }
        let failed = json!({"isError": true, "content": [text("no such city")]});
        assert_eq!(of(failed), Err("no such city".to_owned()));
        assert!(of(json!({"isError": true})).is_err());
    }
}
