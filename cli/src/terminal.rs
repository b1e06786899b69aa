//! What is shown, and where: results on standard output, the rest on standard error; colours only where
//! a terminal shows them (and `NO_COLOR` is not set), which `anstream` sees to.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default();

/// The form of a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document, for programs.
    Json,
}

/// Where a command shows what it found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    format: Format,
}

impl Terminal {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    /// The form that was asked for.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Shows the result: `value` as JSON, or what `text` makes of it. A reader who has left is no fault
    /// of ours.
    pub(crate) fn result<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        let shown = match self.format {
            Format::Text => text(value),
            Format::Json => serde_json::to_string_pretty(value).unwrap_or_default(),
        };
        let _ = writeln!(anstream::stdout(), "{}", shown.trim_end());
    }

    /// A piece of a result that comes bit by bit, as it is.
    pub(crate) fn piece(&self, text: impl AsRef<str>) {
        let mut out = anstream::stdout();
        let _ = write!(out, "{}", text.as_ref());
        let _ = out.flush();
    }

    /// One of several JSON documents, each on a line of its own.
    pub(crate) fn line<T: Serialize>(&self, value: &T) {
        self.piece(serde_json::to_string(value).unwrap_or_default() + "\n");
    }

    /// A word on the way, which is no part of the result.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        let _ = writeln!(anstream::stderr(), "{}", text.as_ref());
    }

    /// The end of a command that failed. With JSON it is a document on standard error.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut out = anstream::stderr();
        let _ = match self.format {
            Format::Json => {
                let error = json!({"error": {
                    "message": failure.to_string(),
                    "remedy": failure.what_helps(),
                    "exitCode": failure.exit() as u8,
                }});
                writeln!(out, "{error}")
            }
            Format::Text => writeln!(out, "{ERROR}error:{ERROR:#} {failure}"),
        };
        if let (Format::Text, Some(remedy)) = (self.format, failure.what_helps()) {
            let _ = writeln!(out, "{HELP}help:{HELP:#} {remedy}");
        }
    }
}
