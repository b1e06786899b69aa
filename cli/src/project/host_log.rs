//! The host's log, read: a JSON object a line, or words when it could not begin a log.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value};

const DIM: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const LABELS: &str = "logging.googleapis.com/labels";

/// Fields that are shown in other ways, or say nothing to whoever writes an agent.
const LEFT_OUT: [&str; 11] = [
    "severity",
    "time",
    "message",
    "target",
    "httpRequest",
    "serviceContext",
    "@type",
    "context",
    LABELS,
    "address",
    "admin",
];

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// As Cloud Logging has it: `INFO`, `WARNING`, `ERROR`.
    pub(crate) severity: String,
    /// What happened.
    pub(crate) message: String,
    fields: Map<String, Value>,
}

impl Record {
    /// Reads a line. One that is no entry is a message by itself.
    pub(crate) fn read(line: &str) -> Self {
        let fields = match serde_json::from_str(line) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            severity: text("severity").unwrap_or_else(|| "DEFAULT".to_owned()),
            message: text("message").unwrap_or_else(|| bare(line).to_owned()),
            fields,
        }
    }

    /// The address in this field.
    pub(crate) fn address(&self, field: &str) -> Option<SocketAddr> {
        self.fields.get(field)?.as_str()?.parse().ok()
    }

    /// The fields as they came, for programs.
    pub(crate) fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// For people, in a line: when, what, how long, of which task.
    pub(crate) fn shown(&self) -> String {
        let style = match self.severity.as_str() {
            "WARNING" => WARNING,
            "ERROR" | "CRITICAL" | "ALERT" | "EMERGENCY" => ERROR,
            _ => Style::new(),
        };
        let time = self
            .text("time")
            .and_then(|time| time.get(11..19))
            .unwrap_or_default();
        let mut line = if time.is_empty() {
            String::new()
        } else {
            format!("{DIM}{time}{DIM:#} ")
        };
        let label = |name: &str| self.fields.get(LABELS)?.get(name)?.as_str();
        if let Some(stream) = label("stream") {
            let _ = write!(line, "{DIM}{stream}:{DIM:#} ");
        }
        let _ = write!(line, "{style}{}{style:#}", clean(&self.message));
        let latency = self
            .fields
            .get("httpRequest")
            .and_then(|request| request.get("latency"));
        if let Some(milliseconds) = latency.and_then(Value::as_str).and_then(milliseconds) {
            let _ = write!(line, " {DIM}{milliseconds} ms{DIM:#}");
        }
        if let Some(task) = label("task_id") {
            let _ = write!(line, " {DIM}task {task}{DIM:#}");
        }
        for (name, value) in &self.fields {
            if !LEFT_OUT.contains(&name.as_str()) && !name.contains('/') {
                let _ = write!(line, " {DIM}{name}={}{DIM:#}", clean(&value.to_string()));
            }
        }
        line
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }
}

/// `0.009924s` is 10.
fn milliseconds(latency: &str) -> Option<String> {
    let seconds: f64 = latency.strip_suffix('s')?.parse().ok()?;
    Some(format!("{:.0}", seconds * 1e3))
}

/// What the host says before it has a log carries its name.
fn bare(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix("attache-host: ").unwrap_or(line)
}

/// An agent's words may hold what a terminal would take as orders.
fn clean(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_line_for_people() {
        let line = r#"{"severity":"INFO","time":"2026-11-24T19:42:52.933000782Z","message":"POST / 200",
            "httpRequest":{"latency":"0.009924s"},"logging.googleapis.com/labels":{"task_id":"7"}}"#;
        let shown = anstream::adapter::strip_str(&Record::read(line).shown()).to_string();
        assert_eq!(shown, "19:42:52 POST / 200 10 ms task 7");
    }

    #[test]
    fn words_without_a_log_are_a_message() {
        let record = Record::read("attache-host: port 80 is taken");
        assert_eq!(record.message, "port 80 is taken");
        assert_eq!(record.shown(), "port 80 is taken");
    }

    #[test]
    fn what_an_agent_prints_gives_a_terminal_no_orders() {
        let record = Record::read(r#"{"message":"a\u001b[2Jb"}"#);
        assert_eq!(record.shown(), "a [2Jb");
    }
}
