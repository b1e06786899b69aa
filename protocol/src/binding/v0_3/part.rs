//! Parts. 0.3 has files and structured data where 1.0 has bytes, links and any JSON value.
//!
//! What is lost on the way to 0.3: the media type and the name of a text or of data. Data that is no
//! object is wrapped as the SDKs wrap it, and marked, so that it comes back as it was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Form;
use super::object::{Object, object, string, take, wrong_type};
use crate::error::Error;
use crate::wire::{Content, Part};

/// In the metadata of data that was wrapped as `{"value": …}`.
const WRAPPED: &str = "data_part_compat";

/// A part as 1.0 has it. `form` tells how data lies in a part without `kind`.
pub(super) fn to_new(old: Value, at: &str, form: Form) -> Result<Value, Error> {
    let mut old = object(old, at)?;
    let kind = take(&mut old, "kind");
    let mut metadata = take(&mut old, "metadata");
    let of_kind = |name: &str| kind.as_ref().is_some_and(|kind| kind == name);
    let inferred = |name: &str| kind.is_none() && old.get(name).is_some_and(|v| !v.is_null());
    if kind.is_none() && old.contains_key("type") {
        return Err(Error::field(
            format!("{at}.type"),
            "is no field of a part; say {\"kind\": \"text\"}, \"file\" or \"data\"",
        ));
    }
    let mut new = Object::new();
    if of_kind("text") || inferred("text") {
        let text = required(&mut old, "text", at)?;
        new.insert("text".to_owned(), text);
    } else if of_kind("file") || inferred("file") {
        let file = required(&mut old, "file", at)?;
        file_to_new(object(file, &format!("{at}.file"))?, at, &mut new)?;
    } else if of_kind("data") || inferred("data") {
        let mut data = required(&mut old, "data", at)?;
        if let (None, Form::Proto, Value::Object(outer)) = (&kind, form, &mut data)
            && let Some(inner) = outer.remove("data")
        {
            data = inner;
        }
        new.insert("data".to_owned(), unwrapped(data, &mut metadata));
    } else {
        let why = match kind {
            Some(kind) => format!("is {kind}; a part of A2A 0.3 is \"text\", \"file\" or \"data\""),
            None => "is required: \"text\", \"file\" or \"data\"".to_owned(),
        };
        return Err(Error::field(format!("{at}.kind"), why));
    }
    if let Some(metadata) = metadata {
        new.insert("metadata".to_owned(), metadata);
    }
    Ok(Value::Object(new))
}

fn required(old: &mut Object, name: &str, at: &str) -> Result<Value, Error> {
    take(old, name).ok_or_else(|| Error::field(format!("{at}.{name}"), "is required"))
}

/// Either form of a file: `bytes` and `uri`, or `fileWithBytes` and `fileWithUri`.
fn file_to_new(mut file: Object, at: &str, new: &mut Object) -> Result<(), Error> {
    let mut text = |name: &str| string(take(&mut file, name), &format!("{at}.file.{name}"));
    let (uri, uri_of_proto) = (text("uri")?, text("fileWithUri")?);
    let (name, media_type) = (text("name")?, text("mimeType")?);
    let uri = if uri.is_empty() { uri_of_proto } else { uri };
    let at_file = format!("{at}.file");
    if let Some(bytes) = take(&mut file, "bytes") {
        // What is not base64 is found where the request is checked.
        new.insert("raw".to_owned(), bytes);
    } else if let Some(bytes) = take(&mut file, "fileWithBytes") {
        let text = bytes
            .as_str()
            .ok_or_else(|| wrong_type(&format!("{at_file}.fileWithBytes"), "a string", &bytes))?;
        new.insert("raw".to_owned(), once_encoded(text));
    } else if uri.is_empty() {
        return Err(Error::field(at_file, "needs bytes or a uri"));
    }
    if !uri.is_empty() {
        if new.contains_key("raw") {
            return Err(Error::field(at_file, "has bytes or a uri, not both"));
        }
        new.insert("url".to_owned(), json!(uri));
    }
    if !name.is_empty() {
        new.insert("filename".to_owned(), json!(name));
    }
    if !media_type.is_empty() {
        new.insert("mediaType".to_owned(), json!(media_type));
    }
    Ok(())
}

/// The Python and Go SDKs put the base64 text of a file into a field of bytes, which is encoded once
/// more; the JavaScript SDK encodes once. What is base64 below base64 was encoded twice.
fn once_encoded(text: &str) -> Value {
    let inner = STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|inner| !inner.is_empty() && STANDARD.decode(inner).is_ok());
    json!(inner.as_deref().unwrap_or(text))
}

fn unwrapped(data: Value, metadata: &mut Option<Value>) -> Value {
    let Some(Value::Object(marks)) = metadata else {
        return data;
    };
    if marks.get(WRAPPED) != Some(&Value::Bool(true)) {
        return data;
    }
    match data {
        Value::Object(mut object) if object.len() == 1 && object.contains_key("value") => {
            marks.shift_remove(WRAPPED);
            if marks.is_empty() {
                *metadata = None;
            }
            object.remove("value").unwrap_or_default()
        }
        other => other,
    }
}

/// A part as 0.3 has it.
pub(super) fn to_old(new: Part, form: Form) -> Value {
    let mut metadata = new.metadata;
    let kind = match &new.content {
        Content::Text(_) => "text",
        Content::Raw(_) | Content::Url(_) => "file",
        Content::Data(_) => "data",
    };
    let content = match new.content {
        Content::Text(text) => json!(text),
        Content::Data(data) => {
            let data = match data {
                object @ Value::Object(_) => object,
                other => {
                    let metadata = metadata.get_or_insert_default();
                    metadata.insert(WRAPPED.to_owned(), json!(true));
                    json!({ "value": other })
                }
            };
            match form {
                Form::Kind => data,
                Form::Proto => json!({ "data": data }),
            }
        }
        Content::Raw(bytes) => {
            let text = STANDARD.encode(bytes);
            match form {
                Form::Kind => file("bytes", text, new.media_type, new.filename),
                Form::Proto => {
                    let twice = STANDARD.encode(text);
                    file("fileWithBytes", twice, new.media_type, new.filename)
                }
            }
        }
        Content::Url(url) => {
            let name = match form {
                Form::Kind => "uri",
                Form::Proto => "fileWithUri",
            };
            file(name, url, new.media_type, new.filename)
        }
    };
    let mut old = Object::new();
    if form == Form::Kind {
        old.insert("kind".to_owned(), json!(kind));
    }
    old.insert(kind.to_owned(), content);
    if let Some(metadata) = metadata {
        old.insert("metadata".to_owned(), Value::Object(metadata));
    }
    Value::Object(old)
}

fn file(content: &str, value: String, media_type: String, name: String) -> Value {
    let mut file = Map::from_iter([(content.to_owned(), Value::String(value))]);
    if !media_type.is_empty() {
        file.insert("mimeType".to_owned(), Value::String(media_type));
    }
    if !name.is_empty() {
        file.insert("name".to_owned(), Value::String(name));
    }
    Value::Object(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(old: Value, form: Form) -> Value {
        to_new(old, "p", form).unwrap()
    }

    fn refused(old: Value) -> String {
        to_new(old, "p", Form::Kind).unwrap_err().message
    }

    #[test]
    fn each_part_in_both_forms() {
        let parts = [
            (
                Part::text("hi").with_media_type("text/markdown"),
                json!({"kind": "text", "text": "hi"}),
                json!({"text": "hi"}),
                json!({"text": "hi"}),
            ),
            (
                Part::raw("tck", "text/plain").with_filename("a.txt"),
                json!({"kind": "file", "file": {"bytes": "dGNr", "mimeType": "text/plain", "name": "a.txt"}}),
                json!({"file": {"fileWithBytes": "ZEdOcg==", "mimeType": "text/plain", "name": "a.txt"}}),
                json!({"raw": "dGNr", "filename": "a.txt", "mediaType": "text/plain"}),
            ),
            (
                Part::url("https://a.b/c"),
                json!({"kind": "file", "file": {"uri": "https://a.b/c"}}),
                json!({"file": {"fileWithUri": "https://a.b/c"}}),
                json!({"url": "https://a.b/c"}),
            ),
            (
                Part::new(Content::Data(json!({"a": [1, 2.5]}))),
                json!({"kind": "data", "data": {"a": [1, 2.5]}}),
                json!({"data": {"data": {"a": [1, 2.5]}}}),
                json!({"data": {"a": [1, 2.5]}}),
            ),
            (
                Part::new(Content::Data(json!([1, null]))),
                json!({"kind": "data", "data": {"value": [1, null]}, "metadata": {"data_part_compat": true}}),
                json!({"data": {"data": {"value": [1, null]}}, "metadata": {"data_part_compat": true}}),
                json!({"data": [1, null]}),
            ),
        ];
        for (part, kind, proto, back) in parts {
            assert_eq!(to_old(part.clone(), Form::Kind), kind);
            assert_eq!(to_old(part, Form::Proto), proto);
            assert_eq!(new(kind, Form::Kind), back);
            assert_eq!(new(proto, Form::Proto), back);
        }
    }

    #[test]
    fn what_sloppy_clients_send() {
        assert_eq!(new(json!({"text": "a"}), Form::Kind), json!({"text": "a"}));
        assert_eq!(
            new(json!({"data": {"data": 1}}), Form::Kind),
            json!({"data": {"data": 1}})
        );
        assert_eq!(
            new(json!({"kind": "data", "data": {"data": 1}}), Form::Proto),
            json!({"data": {"data": 1}})
        );
        assert_eq!(
            new(json!({"data": {"a": 1}}), Form::Proto),
            json!({"data": {"a": 1}})
        );
        // Encoded once, with the empty link that generated code prints, in the proto's spelling.
        let once =
            json!({"file": {"file_with_bytes": "/w==", "file_with_uri": "", "mime_type": "a/b"}});
        assert_eq!(
            new(once, Form::Proto),
            json!({"raw": "/w==", "mediaType": "a/b"})
        );
        let marked = json!({"kind": "data", "data": {"value": 1, "b": 2}, "metadata": {"data_part_compat": true}});
        assert_eq!(
            new(marked, Form::Kind)["data"],
            json!({"value": 1, "b": 2}),
            "not ours"
        );
    }

    #[test]
    fn what_is_no_part() {
        assert!(refused(json!("hi")).contains("p: must be an object, and is a string"));
        assert!(refused(json!({"type": "text", "text": "hi"})).contains("p.type"));
        assert!(refused(json!({"kind": "video", "text": "hi"})).contains("p.kind: is \"video\""));
        assert!(refused(json!({"kind": 1})).contains("p.kind"));
        assert!(refused(json!({})).contains("p.kind: is required"));
        assert!(refused(json!({"kind": "text"})).contains("p.text: is required"));
        assert!(refused(json!({"kind": "file", "file": "x"})).contains("p.file"));
        assert!(refused(json!({"kind": "file", "file": {}})).contains("needs bytes or a uri"));
        assert!(
            refused(json!({"kind": "file", "file": {"bytes": "", "uri": "a"}}))
                .contains("not both")
        );
        assert!(refused(json!({"kind": "file", "file": {"uri": 1}})).contains("p.file.uri"));
    }
}
