//! `--verbose`: requests and answers as they went over the wire, on standard error, without secrets.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use reqwest::header::{HeaderMap, HeaderName};

use super::report::clean;

const OUT: Style = AnsiColor::Cyan.on_default();
const IN: Style = AnsiColor::Green.on_default();
/// A body is shown up to here.
const LONGEST: usize = 16 << 10;

/// Shows an exchange, or nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trace {
    is_on: bool,
}

impl Trace {
    pub(super) fn new(is_on: bool) -> Self {
        Self { is_on }
    }

    pub(super) fn is_on(self) -> bool {
        self.is_on
    }

    /// A line that goes out, and what follows it. `text` has to be masked.
    pub(super) fn out(self, text: &str) {
        self.show(OUT, '>', text);
    }

    /// A line that came in. `text` has to be masked.
    pub(super) fn came(self, text: &str) {
        self.show(IN, '<', text);
    }

    fn show(self, style: Style, sign: char, text: &str) {
        if !self.is_on {
            return;
        }
        let cut = text.char_indices().nth(LONGEST).map(|(at, _)| at);
        let (text, more) = match cut.and_then(|at| text.get(..at)) {
            Some(beginning) => (beginning, " …"),
            None => (text, ""),
        };
        let mut out = anstream::stderr();
        for line in format!("{text}{more}").lines() {
            let _ = writeln!(out, "{style}{sign}{style:#} {}", clean(line));
        }
    }
}

/// Headers, one a line; those that hold secrets without their value.
pub(super) fn lines(headers: &HeaderMap) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        let value = if value.is_sensitive() || holds_secret(name) {
            "***".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        lines.push_str(&format!("{name}: {value}\n"));
    }
    lines
}

fn holds_secret(name: &HeaderName) -> bool {
    let name = name.as_str();
    ["authorization", "cookie", "api-key", "token", "secret"]
        .iter()
        .any(|word| name.contains(word))
}
