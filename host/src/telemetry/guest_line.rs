//! What a component prints, as an entry of the log.
//!
//! A component that logs in JSON says more than a line of text: when a line is an object with a
//! `message` or a `severity`, both become the entry's own, and its other fields stand beside them.
//! The fields that place an entry (its time, its trace, its labels, its source) are the host's: a
//! component cannot forge them.

use serde_json::{Map, Value};
use tracing::{Span, debug, error, info, warn};

use super::record::COMPONENT;
use super::redact::redact;

/// Fields of one line; the rest is dropped.
const FIELDS: usize = 32;
/// Fields that say where an entry belongs.
const RESERVED: [&str; 9] = [
    "@type",
    "context",
    "httpRequest",
    "severity",
    "message",
    "serviceContext",
    "stack_trace",
    "time",
    "target",
];
/// Cloud Logging takes every field under it for its own.
const RESERVED_PREFIX: &str = "logging.googleapis.com/";
/// What Cloud Logging reads as times, besides `time`.
const TIMES: [&str; 3] = ["timestamp", "timestampSeconds", "timestampNanos"];

/// Logs one line that a component printed for the request of `span`.
pub(crate) fn guest_line(span: &Span, stream: &'static str, line: &str) {
    let Lifted {
        severity,
        message,
        fields,
    } = Lifted::of(line);
    let message = redact(&message);
    let fields = fields.map(|fields| redact(&fields).into_owned());
    macro_rules! event {
        ($level:ident) => {
            $level!(
                target: COMPONENT, parent: span, stream, severity, lifted = fields, "{message}"
            )
        };
    }
    match severity {
        Some("ERROR" | "CRITICAL" | "ALERT" | "EMERGENCY") => event!(error),
        Some("WARNING") => event!(warn),
        Some("DEBUG") => event!(debug),
        _ => event!(info),
    }
}

struct Lifted {
    severity: Option<&'static str>,
    message: String,
    /// An object.
    fields: Option<String>,
}

impl Lifted {
    fn of(line: &str) -> Self {
        let plain = || Self {
            severity: None,
            message: line.to_owned(),
            fields: None,
        };
        if !line.starts_with('{') {
            return plain();
        }
        let Ok(mut object) = serde_json::from_str::<Map<String, Value>>(line) else {
            return plain();
        };
        let severity = object.get("severity").or_else(|| object.get("level"));
        let severity = severity.and_then(Value::as_str).and_then(severity_of);
        let message = object.get("message").and_then(Value::as_str);
        if severity.is_none() && message.is_none() {
            return plain();
        }
        let message = message.unwrap_or_default().to_owned();
        object.retain(|name, _| {
            !RESERVED.contains(&name.as_str())
                && !TIMES.contains(&name.as_str())
                && !name.starts_with(RESERVED_PREFIX)
        });
        let fields: Map<_, _> = object.into_iter().take(FIELDS).collect();
        Self {
            severity,
            message,
            fields: (!fields.is_empty()).then(|| Value::Object(fields).to_string()),
        }
    }
}

/// The words of Cloud Logging, and those that libraries use.
fn severity_of(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_uppercase().as_str() {
        "TRACE" | "DEBUG" => "DEBUG",
        "INFO" | "DEFAULT" => "INFO",
        "NOTICE" => "NOTICE",
        "WARN" | "WARNING" => "WARNING",
        "ERROR" => "ERROR",
        "CRITICAL" | "FATAL" => "CRITICAL",
        "ALERT" => "ALERT",
        "EMERGENCY" => "EMERGENCY",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_a_message_is_lifted_without_what_is_the_hosts() {
        let lifted = Lifted::of(
            r#"{"severity":"warn","message":"m","rows":3,"time":"1999","@type":"x","level":"y",
                "logging.googleapis.com/trace":"forged","httpRequest":{}}"#,
        );
        assert_eq!(lifted.severity, Some("WARNING"));
        assert_eq!(lifted.message, "m");
        assert_eq!(lifted.fields.as_deref(), Some(r#"{"rows":3,"level":"y"}"#));
    }

    #[test]
    fn everything_else_is_text() {
        for line in [
            "plain",
            "{not json",
            r#"{"rows":3}"#,
            r#"{"severity":3}"#,
            "[1]",
        ] {
            let lifted = Lifted::of(line);
            assert_eq!((lifted.severity, lifted.message.as_str()), (None, line));
            assert!(lifted.fields.is_none());
        }
    }
}
