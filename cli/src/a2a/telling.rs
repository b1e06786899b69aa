//! A stream as it comes: answers on standard output, what happens meanwhile on standard error.

use std::collections::HashMap;

use attache_protocol::wire::{Artifact, Content, Message, Part, Task, TaskStatus};

use super::reading::Event;
use super::report::{clean, part_text, parts_text, state_text};
use super::save::Folder;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Tells the events of one task, each thing once: after a break a server begins with all of it.
#[derive(Debug)]
pub(crate) struct Telling<'a> {
    terminal: &'a Terminal,
    folder: Option<Folder>,
    /// What was shown of each artifact, by its id.
    shown: HashMap<String, String>,
    last_status: Option<String>,
    last_message: Option<String>,
    is_begun: bool,
    is_within_line: bool,
}

impl<'a> Telling<'a> {
    pub(crate) fn new(terminal: &'a Terminal, folder: Option<Folder>) -> Self {
        Self {
            terminal,
            folder,
            shown: HashMap::new(),
            last_status: None,
            last_message: None,
            is_begun: false,
            is_within_line: false,
        }
    }

    /// # Errors
    /// When a file of the agent's cannot be saved.
    pub(crate) fn event(&mut self, event: &Event) -> Result<(), Failure> {
        match event {
            Event::Task(task) => self.task(task),
            Event::Message(message) => {
                self.message(message);
                self.keep(&message.parts)
            }
            Event::Status { update, .. } => {
                self.status(&update.status);
                Ok(())
            }
            Event::Artifact(update) => {
                self.artifact(&update.artifact, update.append);
                self.keep(&update.artifact.parts)
            }
        }
    }

    /// A word between events.
    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        self.end_line();
        self.terminal.note(text);
    }

    fn task(&mut self, task: &Task) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.is_begun, true) {
            let (id, context) = (clean(&task.id), clean(&task.context_id));
            self.note(format!("task {id} in context {context}"));
        }
        for artifact in task.artifacts.iter().flatten() {
            self.artifact(artifact, false);
            self.keep(&artifact.parts)?;
        }
        self.status(&task.status);
        Ok(())
    }

    fn status(&mut self, status: &TaskStatus) {
        let state = state_text(status.state);
        let is_new = self.last_status.as_ref() != Some(&state);
        self.last_status = Some(state.clone());
        let ends = status.state.is_terminal() || status.state.is_interrupted();
        match &status.message {
            // What the agent says in the end is its answer.
            Some(message) if ends => {
                if is_new {
                    self.note(&state);
                }
                self.message(message);
            }
            Some(message) => {
                let text = parts_text(&message.parts);
                if is_new || self.last_message.as_ref() != Some(&text) {
                    self.note(format!("{state}: {text}"));
                }
                self.last_message = Some(text);
            }
            None if is_new => self.note(&state),
            None => {}
        }
    }

    fn message(&mut self, message: &Message) {
        let text = parts_text(&message.parts);
        if text.is_empty() || self.last_message.as_ref() == Some(&text) {
            return;
        }
        self.end_line();
        self.terminal.piece(format!("{text}\n"));
        self.last_message = Some(text);
    }

    fn artifact(&mut self, artifact: &Artifact, append: bool) {
        let text: String = artifact.parts.iter().map(in_line).collect();
        let shown = self.shown.entry(artifact.artifact_id.clone()).or_default();
        let (is_first, new) = if append {
            shown.push_str(&text);
            (false, text)
        } else {
            let new = text.strip_prefix(shown.as_str()).map(str::to_owned);
            let is_first = shown.is_empty() || new.is_none();
            let new = new.unwrap_or_else(|| text.clone());
            *shown = text;
            (is_first, new)
        };
        if new.is_empty() {
            return;
        }
        if is_first {
            self.end_line();
        }
        self.is_within_line = !new.ends_with('\n');
        self.terminal.piece(new);
    }

    fn keep(&mut self, parts: &[Part]) -> Result<(), Failure> {
        let has_files = parts
            .iter()
            .any(|part| matches!(part.content, Content::Raw(_)));
        let Some(folder) = self.folder.as_mut().filter(|_| has_files) else {
            return Ok(());
        };
        if std::mem::take(&mut self.is_within_line) {
            self.terminal.piece("\n");
        }
        folder.keep(parts, self.terminal)
    }

    /// Nothing more is told.
    pub(crate) fn end_line(&mut self) {
        if std::mem::take(&mut self.is_within_line) {
            self.terminal.piece("\n");
        }
    }
}

/// Pieces of text follow each other; everything else has lines of its own.
fn in_line(part: &Part) -> String {
    match &part.content {
        Content::Text(text) => clean(text),
        _ => format!("{}\n", part_text(part)),
    }
}
