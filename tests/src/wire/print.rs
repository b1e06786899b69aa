//! Answers as text that is the same in every run.

use serde_json::Value;

use super::sender::Answer;
use super::{exchange, grpc};

/// The headers that say something of the protocol; others are the server's own, such as Last-Modified:
/// only the host knows when it was deployed.
const HEADERS: &[&str] = &[
    "content-type",
    "allow",
    "www-authenticate",
    "retry-after",
    "a2a-extensions",
    "x-a2a-extensions",
    "cache-control",
    "etag",
    "vary",
];
const UUID: usize = 36;
const TIME: usize = 24;

/// Prints the answers of one case. Ids are numbered as they appear, so that the text still shows
/// which of them are the same.
pub(super) struct Printer {
    base: String,
    tenant: String,
    ids: Vec<String>,
}

impl Printer {
    pub(super) fn new(base: &str, tenant: &str) -> Self {
        Self {
            base: base.to_owned(),
            tenant: tenant.to_owned(),
            ids: Vec::new(),
        }
    }

    pub(super) fn print(&mut self, answer: &Answer) -> String {
        self.settle(&match answer {
            Answer::Http(answer) => http(answer),
            Answer::Grpc(answer) => call(answer),
        })
    }

    /// Replaces what differs from run to run.
    fn settle(&mut self, text: &str) -> String {
        let authority = self.base.trim_start_matches("http://");
        let text = text
            .replace(&self.base, "{{base}}")
            .replace(authority, "{{authority}}")
            .replace(&self.tenant, "{{case}}");
        let mut settled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(next) = rest.chars().next() {
            if let Some(id) = rest.get(..UUID).filter(|id| is_uuid(id)) {
                let known = self.ids.iter().position(|seen| seen == id);
                let number = known.unwrap_or_else(|| {
                    self.ids.push(id.to_owned());
                    self.ids.len() - 1
                });
                settled.push_str(&format!("{{{{id-{}}}}}", number + 1));
                rest = rest.get(UUID..).unwrap_or_default();
            } else if rest.get(..TIME).is_some_and(is_time) {
                settled.push_str("{{time}}");
                rest = rest.get(TIME..).unwrap_or_default();
            } else {
                settled.push(next);
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
            }
        }
        settled
    }
}

/// Status, headers, and the body or its events.
fn http(answer: &exchange::Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in HEADERS {
        for value in answer.headers.get_all(*name) {
            let value = match *name {
                "etag" => "{{etag}}".into(),
                _ => String::from_utf8_lossy(value.as_bytes()),
            };
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    let body = String::from_utf8_lossy(&answer.body);
    if answer.is_stream() {
        for event in body.split("\n\n").filter(|e| e.contains("data: ")) {
            text.push('\n');
            for line in event.lines() {
                match line.strip_prefix("data: ") {
                    Some(data) => text.push_str(&format!("data: {}\n", pretty(data))),
                    None => text.push_str(&format!("{line}\n")),
                }
            }
        }
    } else if !body.is_empty() {
        text.push_str(&format!("\n{}\n", pretty(&body)));
    }
    text
}

/// Metadata, messages and the status, in the order in which they come.
fn call(answer: &grpc::Answer) -> String {
    let mut blocks = vec![metadata(&answer.head)];
    blocks.extend(answer.messages.iter().map(proto_json));
    if let Some(end) = &answer.end {
        let said = if end.message.is_empty() { "" } else { ": " };
        let mut block = format!("{}{said}{}\n", end.code, end.message);
        block.push_str(&metadata(&end.trailers));
        if let Some(status) = &end.status {
            block.push_str(&proto_json(status));
        }
        blocks.push(block);
    }
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n")
}

fn metadata(entries: &[(String, String)]) -> String {
    let mut text = String::new();
    for told in HEADERS {
        for (name, value) in entries.iter().filter(|(name, _)| name == told) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text
}

fn proto_json(message: &Value) -> String {
    let mut message = message.clone();
    hide_whole_seconds(&mut message);
    format!("{}\n", pretty(&message.to_string()))
}

/// ProtoJSON leaves a fraction of nothing out, as in one time of a thousand.
fn hide_whole_seconds(value: &mut Value) {
    match value {
        Value::String(text) if matches(text, "dddd-dd-ddTdd:dd:ddZ") => {
            *text = "{{time}}".to_owned();
        }
        Value::Object(map) => map.values_mut().for_each(hide_whole_seconds),
        Value::Array(items) => items.iter_mut().for_each(hide_whole_seconds),
        _ => {}
    }
}

/// JSON over several lines, with its names in the order in which they came; other text as it is.
fn pretty(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    hide_tokens(&mut value);
    serde_json::to_string_pretty(&value).unwrap_or_else(|_| text.to_owned())
}

/// A page token is opaque, and names the time of a task.
fn hide_tokens(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, node) in map {
                match node {
                    Value::String(token) if name == "nextPageToken" && !token.is_empty() => {
                        *token = "{{token}}".to_owned();
                    }
                    node => hide_tokens(node),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_tokens),
        _ => {}
    }
}

fn is_uuid(text: &str) -> bool {
    matches(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
}

fn is_time(text: &str) -> bool {
    matches(text, "dddd-dd-ddTdd:dd:dd.dddZ")
}

fn matches(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, form)| match form {
                b'x' => byte.is_ascii_hexdigit(),
                b'd' => byte.is_ascii_digit(),
                form => byte == form,
            })
}
