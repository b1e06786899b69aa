//! Cloud Logging's structured JSON, one object per line.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::Level;

use super::Service;
use super::record::{ACCESS, COMPONENT, REPORT, Record};
use super::request::Request;
use super::spans::Ids;

/// Cloud Logging cuts entries over 256 KiB apart; a message stays well below.
const LONGEST_MESSAGE: usize = 64 << 10;

const TRACE: &str = "logging.googleapis.com/trace";
const SPAN: &str = "logging.googleapis.com/spanId";
const SAMPLED: &str = "logging.googleapis.com/trace_sampled";
const LABELS: &str = "logging.googleapis.com/labels";
const SOURCE: &str = "logging.googleapis.com/sourceLocation";
/// Tells Error Reporting what an entry is.
const REPORTED: &str =
    "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";

#[derive(Debug)]
pub(super) struct Json {
    project: Arc<OnceLock<String>>,
    service: Service,
}

impl Json {
    pub(super) fn new(project: Arc<OnceLock<String>>, service: Service) -> Self {
        Self { project, service }
    }

    pub(super) fn line(&self, record: Record) -> Vec<u8> {
        let Record {
            level,
            target,
            mut message,
            mut fields,
            request,
            ids,
            source,
        } = record;
        let request = request.as_deref();
        let http = (target == ACCESS).then(|| http_request(&mut fields));
        if let Some(http) = &http {
            message = access_message(http);
        }
        cut(&mut message);
        let severity = match fields.remove("severity") {
            Some(Value::String(given)) if target == COMPONENT => given,
            _ => severity(level).to_owned(),
        };

        let mut entry = Map::new();
        let mut insert = |key: &str, value: Value| entry.insert(key.to_owned(), value);
        insert("severity", severity.into());
        insert("time", now().into());
        insert("message", message.into());
        if let Some(http) = http {
            insert("httpRequest", http);
        }
        if let Some(ids) = ids.or_else(|| request.and_then(of_caller)) {
            insert(TRACE, self.trace(ids.trace).into());
            if !ids.span.is_empty() {
                insert(SPAN, ids.span.into());
            }
            insert(SAMPLED, ids.sampled.into());
        }
        let stream = fields.remove("stream");
        if let Some(request) = request {
            insert(LABELS, labels(request, stream));
        }
        if level == Level::ERROR && target != COMPONENT {
            insert("serviceContext", self.service.context());
        }
        if target == REPORT {
            insert("@type", REPORTED.into());
            insert("context", report_context(&mut fields, request));
        } else if let Some((file, line)) = source.filter(|_| is_own(target) && level <= Level::WARN)
        {
            let line = line.to_string();
            insert(
                SOURCE,
                json!({"file": file, "line": line, "function": target}),
            );
        }
        if target != ACCESS {
            insert("target", target.into());
        }
        if let Some(Value::String(lifted)) = fields.remove("lifted") {
            lift(&mut entry, &lifted);
        }
        entry.append(&mut fields);

        let mut line = Value::Object(entry).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    /// Cloud Logging joins entries with traces by the project's name; it takes the bare id too.
    fn trace(&self, id: String) -> String {
        match self.project.get() {
            Some(project) => format!("projects/{project}/traces/{id}"),
            None => id,
        }
    }
}

/// The trace that the caller named, when the host makes none.
fn of_caller(request: &Request) -> Option<Ids> {
    Some(Ids {
        trace: request.trace.clone()?,
        span: request.span.clone().unwrap_or_default(),
        sampled: request.sampled.unwrap_or(false),
    })
}

fn labels(request: &Request, stream: Option<Value>) -> Value {
    let mut labels = Map::new();
    labels.insert("request_id".to_owned(), request.id.as_str().into());
    if let Some(agent) = request.agent.get() {
        labels.insert("agent".to_owned(), agent.as_ref().into());
    }
    if let Some(task) = request.task.get() {
        labels.insert("task_id".to_owned(), task.as_str().into());
    }
    labels.extend(stream.map(|stream| ("stream".to_owned(), stream)));
    Value::Object(labels)
}

/// Paths of the host's own files are those of its repository; others are of the machine that built it.
fn is_own(target: &str) -> bool {
    target.starts_with("attache") && target != COMPONENT && target != ACCESS
}

/// Error Reporting's `ErrorContext`: without a stack that it can read, it groups by the location.
fn report_context(fields: &mut Map<String, Value>, request: Option<&Request>) -> Value {
    let mut location = Map::new();
    for (from, to) in [
        ("file", "filePath"),
        ("line", "lineNumber"),
        ("function", "functionName"),
    ] {
        location.extend(fields.remove(from).map(|value| (to.to_owned(), value)));
    }
    let mut context = json!({ "reportLocation": location });
    if let Some((method, url)) = request.and_then(|request| request.called.get())
        && let Value::Object(context) = &mut context
    {
        let called = json!({ "method": method, "url": url });
        context.insert("httpRequest".to_owned(), called);
    }
    context
}

/// Adds what a component said of itself, beside what the host says.
fn lift(entry: &mut Map<String, Value>, lifted: &str) {
    let lifted = serde_json::from_str::<Map<String, Value>>(lifted);
    for (name, value) in lifted.unwrap_or_default() {
        entry.entry(name).or_insert(value);
    }
}

fn access_message(http: &Value) -> String {
    let field = |key| http.get(key).cloned().unwrap_or_default();
    let text = |key| field(key).as_str().unwrap_or_default().to_owned();
    format!(
        "{} {} {}",
        text("requestMethod"),
        text("requestUrl"),
        field("status")
    )
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
    use super::*;

    fn line(project: Option<&str>, record: Record) -> Value {
        let service = Service {
            name: "a-service".to_owned(),
            version: "7".to_owned(),
        };
        let json = Json::new(Arc::default(), service);
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
        let request = Request::traced("r1", "t1", "s1");
        Record {
            level: Level::WARN,
            target,
            message: "two\nlines".into(),
            fields,
            request: Some(Arc::new(request)),
            ids: None,
            source: Some(("host/src/x.rs", 7)),
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
        assert_eq!(entry["logging.googleapis.com/trace"], "t1");
    }

    #[test]
    fn the_hosts_own_span_comes_before_the_callers() {
        let mut record = record("somewhere", json!({}));
        record.ids = Some(Ids {
            trace: "t2".to_owned(),
            span: "s2".to_owned(),
            sampled: false,
        });
        let entry = line(None, record);
        assert_eq!(entry["logging.googleapis.com/trace"], "t2");
        assert_eq!(entry["logging.googleapis.com/spanId"], "s2");
        assert_eq!(entry["logging.googleapis.com/trace_sampled"], false);
    }

    #[test]
    fn a_report_says_where_in_which_service() {
        let fields = json!({"file": "host/src/y.rs", "line": 3, "function": "f"});
        let mut record = record(REPORT, fields);
        record.level = Level::ERROR;
        if let Some(request) = &record.request {
            let called = ("POST".to_owned(), "/a".to_owned());
            request.called.set(called).unwrap();
        }
        let entry = line(None, record);
        assert_eq!(entry["@type"], REPORTED);
        assert_eq!(entry["serviceContext"]["service"], "a-service");
        assert_eq!(entry["serviceContext"]["version"], "7");
        let location = &entry["context"]["reportLocation"];
        assert_eq!(location["filePath"], "host/src/y.rs");
        assert_eq!(location["lineNumber"], 3);
        assert_eq!(location["functionName"], "f");
        assert_eq!(entry["context"]["httpRequest"]["method"], "POST");
        assert_eq!(entry.get("file"), None);
    }

    #[test]
    fn a_warning_of_the_host_says_where_it_comes_from() {
        let entry = line(None, record("attache_host::tasks", json!({})));
        let source = &entry["logging.googleapis.com/sourceLocation"];
        assert_eq!(source["file"], "host/src/x.rs");
        assert_eq!(source["line"], "7");
        let entry = line(None, record("hyper::client", json!({})));
        assert_eq!(entry.get("logging.googleapis.com/sourceLocation"), None);
    }

    #[test]
    fn what_a_component_says_does_not_replace_what_the_host_says() {
        let lifted = json!({"rows": 3, "message": "forged"}).to_string();
        let fields = json!({"stream": "stdout", "severity": "NOTICE", "lifted": lifted});
        let entry = line(None, record(COMPONENT, fields));
        assert_eq!(entry["severity"], "NOTICE");
        assert_eq!(entry["message"], "two\nlines");
        assert_eq!(entry["rows"], 3);
        assert_eq!(entry["logging.googleapis.com/labels"]["stream"], "stdout");
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
