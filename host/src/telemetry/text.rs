//! Lines for people.

use std::fmt::Write;

use serde_json::Value;
use time::OffsetDateTime;
use tracing::Level;

use super::record::{ACCESS, COMPONENT, REPORT, Record};

#[derive(Debug)]
pub(super) struct Text {
    pub(super) color: bool,
}

impl Text {
    pub(super) fn line(&self, record: Record) -> Vec<u8> {
        let Record {
            level,
            target,
            message,
            mut fields,
            request,
            ..
        } = record;
        let (name, color) = match level {
            Level::ERROR => ("ERROR", "31"),
            Level::WARN => ("WARN ", "33"),
            Level::INFO => ("INFO ", "32"),
            Level::DEBUG => ("DEBUG", "34"),
            Level::TRACE => ("TRACE", "35"),
        };
        let mut line = String::new();
        self.paint(&mut line, "2", &clock());
        line.push(' ');
        self.paint(&mut line, color, name);
        line.push(' ');
        if target == ACCESS {
            let mut take = |name: &str| match fields.remove(name) {
                Some(Value::String(text)) => text,
                Some(value) => value.to_string(),
                None => String::new(),
            };
            let latency = take("latency_us").parse::<f64>().unwrap_or_default() / 1000.0;
            let _ = write!(
                line,
                "{} {} {} {latency:.1} ms, {} bytes",
                take("method"),
                take("path"),
                take("status"),
                take("bytes")
            );
            for uninteresting in ["protocol", "remote", "user_agent"] {
                fields.remove(uninteresting);
            }
        } else if target == COMPONENT {
            fields.remove("stream");
            fields.remove("severity");
            let _ = write!(line, "| {message}");
            if let Some(Value::String(lifted)) = fields.remove("lifted") {
                let _ = write!(line, " {lifted}");
            }
        } else if target == REPORT {
            let _ = write!(line, "{message}");
            fields.clear();
        } else {
            line.push_str(&message);
        }
        for (name, value) in &fields {
            let _ = write!(line, " {name}={value}");
        }
        if let Some(request) = request {
            line.push(' ');
            self.paint(&mut line, "2", &request.id);
        }
        line.push('\n');
        line.into_bytes()
    }

    fn paint(&self, line: &mut String, color: &str, text: &str) {
        let _ = if self.color {
            write!(line, "\x1b[{color}m{text}\x1b[0m")
        } else {
            write!(line, "{text}")
        };
    }
}

fn clock() -> String {
    let now = OffsetDateTime::now_utc();
    format!(
        "{:02}:{:02}:{:02}.{:03}Z",
        now.hour(),
        now.minute(),
        now.second(),
        now.millisecond()
    )
}
