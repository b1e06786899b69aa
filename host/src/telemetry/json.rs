//! Cloud Logging's structured JSON, one object per line.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::Level;

use super::record::{ACCESS, COMPONENT, Record};

/// Cloud Logging cuts entries over 256 KiB apart; a message stays well below.
const LONGEST_MESSAGE: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Json {
    project: Arc<OnceLock<String>>,
}

impl Json {
    pub(super) fn new(project: Arc<OnceLock<String>>) -> Self {
        Self { project }
    }

    pub(super) fn line(&self, record: Record) -> Vec<u8> {
        let Record {
            level,
            target,
            mut message,
            mut fields,
            request,
        } = record;
        let http = (target == ACCESS).then(|| http_request(&mut fields));
        if let Some(http) = &http {
            let field = |key| http.get(key).cloned().unwrap_or_default();
            let text = |key| field(key).as_str().unwrap_or_default().to_owned();
            message = format!(
                "{} {} {}",
                text("requestMethod"),
                text("requestUrl"),
                field("status")
            );
        }
        cut(&mut message);

        let mut entry = Map::new();
        entry.insert("severity".to_owned(), severity(level).into());
        entry.insert("time".to_owned(), now().into());
        entry.insert("message".to_owned(), message.into());
        if let Some(http) = http {
            entry.insert("httpRequest".to_owned(), http);
        }
        if let Some(request) = request {
            if let (Some(trace), Some(project)) = (&request.trace, self.project.get()) {
                let trace = format!("projects/{project}/traces/{trace}");
                entry.insert("logging.googleapis.com/trace".to_owned(), trace.into());
                if let Some(span) = &request.span {
                    entry.insert(
                        "logging.googleapis.com/spanId".to_owned(),
                        span.as_str().into(),
                    );
                }
                let sampled = request.sampled.unwrap_or(false);
                entry.insert(
                    "logging.googleapis.com/trace_sampled".to_owned(),
                    sampled.into(),
                );
            }
            let mut labels = Map::new();
            labels.insert("request_id".to_owned(), request.id.as_str().into());
            if target == COMPONENT
                && let Some(stream) = fields.remove("stream")
            {
                labels.insert("stream".to_owned(), stream);
            }
            entry.insert("logging.googleapis.com/labels".to_owned(), labels.into());
        }
        if target != ACCESS {
            entry.insert("target".to_owned(), target.into());
        }
        entry.append(&mut fields);

        let mut line = Value::Object(entry).to_string().into_bytes();
        line.push(b'\n');
        line
    }
}

/// Takes the fields of an access event and gives Cloud Logging's `HttpRequest`.
fn http_request(fields: &mut Map<String, Value>) -> Value {
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    let latency_us = take("latency_us").as_u64().unwrap_or_default();
    json!({
        "requestMethod": take("method"),
        "requestUrl": take("path"),
        "status": take("status"),
        "responseSize": take("bytes").to_string(),
        "userAgent": take("user_agent"),
        "remoteIp": take("remote"),
        "latency": format!("{}.{:06}s", latency_us / 1_000_000, latency_us % 1_000_000),
        "protocol": take("protocol"),
    })
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

fn now() -> String {
    OffsetDateTime::now_utc()
        .format(&Rfc3339)
        .unwrap_or_default()
}

fn cut(message: &mut String) {
    if message.len() > LONGEST_MESSAGE {
        let end = message.floor_char_boundary(LONGEST_MESSAGE);
        message.truncate(end);
        message.push_str(" … (cut)");
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Request;
    use super::*;

    fn line(project: Option<&str>, record: Record) -> Value {
        let json = Json::new(Arc::default());
        if let Some(project) = project {
            json.project.set(project.to_owned()).unwrap();
        }
        let line = json.line(record);
        assert_eq!(line.last(), Some(&b'\n'));
        assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1);
        serde_json::from_slice(&line).unwrap()
    }

    fn record(target: &'static str, fields: Value) -> Record {
        let Value::Object(fields) = fields else {
            unreachable!()
        };
        let request = Request {
            id: "r1".into(),
            trace: Some("t1".into()),
            span: Some("s1".into()),
            sampled: Some(true),
        };
        Record {
            level: Level::WARN,
            target,
            message: "two\nlines".into(),
            fields,
            request: Some(Arc::new(request)),
        }
    }

    #[test]
    fn an_entry_names_its_trace_when_the_project_is_known() {
        let entry = line(Some("p"), record("somewhere", json!({"count": 3})));
        assert_eq!(entry["severity"], "WARNING");
        assert_eq!(entry["message"], "two\nlines");
        assert_eq!(entry["count"], 3);
        assert_eq!(
            entry["logging.googleapis.com/trace"],
            "projects/p/traces/t1"
        );
        assert_eq!(entry["logging.googleapis.com/spanId"], "s1");
        assert_eq!(entry["logging.googleapis.com/trace_sampled"], true);
        assert_eq!(entry["logging.googleapis.com/labels"]["request_id"], "r1");
        assert!(OffsetDateTime::parse(entry["time"].as_str().unwrap(), &Rfc3339).is_ok());

        let entry = line(None, record("somewhere", json!({})));
        assert_eq!(entry.get("logging.googleapis.com/trace"), None);
    }

    #[test]
    fn an_access_entry_carries_the_request() {
        let fields = json!({
            "method": "POST", "path": "/a", "protocol": "HTTP/1.1", "user_agent": "curl",
            "remote": "127.0.0.1", "status": 503, "bytes": 12, "latency_us": 1_000_042,
        });
        let entry = line(None, record(ACCESS, fields));
        assert_eq!(entry["message"], "POST /a 503");
        let http = &entry["httpRequest"];
        assert_eq!(http["requestMethod"], "POST");
        assert_eq!(http["status"], 503);
        assert_eq!(http["responseSize"], "12");
        assert_eq!(http["latency"], "1.000042s");
        assert_eq!(entry.get("method"), None);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let mut message = "ä".repeat(LONGEST_MESSAGE);
        cut(&mut message);
        assert!(message.len() < LONGEST_MESSAGE + 20);
        assert!(message.ends_with("(cut)"));
    }
}
