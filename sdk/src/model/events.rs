//! Server-sent events, as providers send them: cut anywhere, with errors as bare JSON between them.

use serde_json::Value;

use super::ModelError;

/// The longest line: a picture in base64 is one.
const MAX_LINE: usize = 8 * 1024 * 1024;
/// The longest answer.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// The longest JSON outside of events.
const MAX_BARE: usize = MAX_LINE;

/// What is in a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// The data of an event.
    Data(String),
    /// JSON that stands between events, or instead of them.
    Bare(Value),
}

/// Reads a stream as it comes.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    after_cr: bool,
    data: Option<String>,
    bare: String,
    total: usize,
}

impl Events {
    /// Takes bytes; gives the events that end in them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, ModelError> {
        self.total += bytes.len();
        if self.total > MAX_ANSWER {
            return Err(too_long("it", MAX_ANSWER));
        }
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (before, after) = rest.split_at(end);
            let newline = after.first() == Some(&b'\n');
            rest = after.get(1..).unwrap_or_default();
            let second_half = newline && self.after_cr && before.is_empty() && self.line.is_empty();
            self.after_cr = !newline;
            if !second_half {
                self.line.extend_from_slice(before);
                let line = std::mem::take(&mut self.line);
                events.extend(self.end_of_line(&line)?);
            }
        }
        if !rest.is_empty() {
            self.after_cr = false;
            self.line.extend_from_slice(rest);
        }
        if self.line.len() > MAX_LINE {
            return Err(too_long("a line of it", MAX_LINE));
        }
        Ok(events)
    }

    /// The end of the stream; gives what no empty line has ended.
    pub(super) fn end(&mut self) -> Result<Vec<Event>, ModelError> {
        let line = std::mem::take(&mut self.line);
        let mut events = Vec::new();
        events.extend(self.end_of_line(&line)?);
        events.extend(self.data.take().map(Event::Data));
        if !self.bare.trim().is_empty() {
            let what = excerpt(&self.bare);
            return Err(ModelError::Malformed(format!("it ends with {what:?}")));
        }
        Ok(events)
    }

    fn end_of_line(&mut self, line: &[u8]) -> Result<Option<Event>, ModelError> {
        if line.len() > MAX_LINE {
            return Err(too_long("a line of it", MAX_LINE));
        }
        let line = std::str::from_utf8(line)
            .map_err(|_| ModelError::Malformed("it is not UTF-8".to_owned()))?;
        if line.is_empty() {
            return Ok(self.data.take().map(Event::Data));
        }
        if self.bare.is_empty() {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            match name {
                "data" => {
                    let value = value.strip_prefix(' ').unwrap_or(value);
                    match &mut self.data {
                        None => self.data = Some(value.to_owned()),
                        Some(data) if data.len() + value.len() > MAX_LINE => {
                            return Err(too_long("an event of it", MAX_LINE));
                        }
                        Some(data) => {
                            data.push('\n');
                            data.push_str(value);
                        }
                    }
                    return Ok(None);
                }
                "" | "event" | "id" | "retry" => return Ok(None),
                _ => {}
            }
        }
        if self.bare.len() + line.len() > MAX_BARE {
            return Err(too_long("what stands outside of its events", MAX_BARE));
        }
        self.bare.push_str(line);
        self.bare.push('\n');
        // Not after every line: an answer of many lines would be read as many times.
        if !line.trim_end().ends_with(['}', ']']) || line.starts_with([' ', '\t']) {
            return Ok(None);
        }
        let Ok(value) = serde_json::from_str(&self.bare) else {
            return Ok(None);
        };
        self.bare.clear();
        Ok(Some(Event::Bare(value)))
    }
}

fn too_long(what: &str, limit: usize) -> ModelError {
    ModelError::Malformed(format!("{what} is longer than {} MiB", limit >> 20))
}

/// The beginning of something, for a sentence.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
