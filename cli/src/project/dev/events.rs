//! What `attache dev` shows: a line for each event, or a JSON object with `-o json`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::super::host::Swap;
use super::super::host_log::Record;
use super::super::program::Shown;
use super::{Build, Built};
use crate::failure::Failure;
use crate::terminal::{Format, Terminal};

const OWN: Style = AnsiColor::Green.on_default().bold();

/// Where events go.
pub(super) struct Events {
    format: Format,
}

impl Events {
    pub(super) fn new(terminal: &Terminal) -> Self {
        Self {
            format: terminal.format(),
        }
    }

    pub(super) fn building(&self, build: &Build) {
        self.event("building", &build.line(), json!({}));
    }

    pub(super) fn changed(&self, file: Option<&Path>) {
        let text = file.map_or_else(
            || "files have changed".to_owned(),
            |file| format!("{} has changed", Shown(file)),
        );
        self.event("changed", &text, json!({ "file": file }));
    }

    /// Before it listens: only what may matter.
    pub(super) fn starting(&self, record: &Record) {
        if record.severity != "INFO" && record.severity != "DEFAULT" {
            self.said(record);
        }
    }

    pub(super) fn serving(&self, url: &str, components: &[PathBuf], has_inspector: bool) {
        let inspector = has_inspector.then(|| format!("{url}/inspector/"));
        let files: Vec<_> = components
            .iter()
            .map(|file| Shown(file).to_string())
            .collect();
        self.event(
            "serving",
            &format!("{url} has {}", files.join(", ")),
            json!({ "url": url, "components": components, "inspector": inspector }),
        );
        if let (Format::Text, Some(inspector)) = (self.format, inspector) {
            let text = format!("{inspector} shows the agent and talks to it");
            self.event("inspector", &text, json!({}));
        }
    }

    /// An entry of the host's log.
    pub(super) fn said(&self, record: &Record) {
        match self.format {
            Format::Text => {
                let _ = writeln!(anstream::stdout(), "{}", record.shown());
            }
            Format::Json => {
                let said = if record.fields().is_empty() {
                    json!({ "message": record.message })
                } else {
                    json!(record.fields())
                };
                line(&json!({ "event": "log", "record": said }));
            }
        }
    }

    pub(super) fn swapped(&self, built: &Built) {
        self.event("swapped", &built.shown(), json!(built));
    }

    pub(super) fn unchanged(&self) {
        self.event(
            "unchanged",
            "the component is the same as before",
            json!({}),
        );
    }

    pub(super) fn failed(&self, terminal: &Terminal, failure: &Failure, serving: Option<&Built>) {
        if self.format == Format::Text {
            terminal.failure(failure);
        }
        let rest = match serving {
            Some(_) => "the component from before goes on serving",
            None => "waiting for a change",
        };
        let message = failure.to_string();
        self.event(
            "failed",
            rest,
            json!({ "message": message, "serving": serving }),
        );
    }

    pub(super) fn refused(&self, swaps: &[Swap], serving: &Built) {
        for why in swaps.iter().filter_map(|swap| swap.error.as_ref()) {
            self.event(
                "refused",
                &format!("{why}; the component from before goes on serving"),
                json!({ "message": why, "serving": serving }),
            );
        }
    }

    pub(super) fn ending(&self) {
        self.event("ending", "running requests may finish", json!({}));
    }

    fn event(&self, name: &str, text: &str, mut more: Value) {
        match self.format {
            Format::Text => {
                let _ = writeln!(anstream::stdout(), "{OWN}{name:>9}{OWN:#} {text}");
            }
            Format::Json => {
                if let Some(members) = more.as_object_mut() {
                    members.shift_insert(0, "event".to_owned(), name.into());
                }
                line(&more);
            }
        }
    }
}

fn line(value: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{value}").and_then(|()| out.flush());
}
