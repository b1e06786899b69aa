//! Server-Sent Events, read as they come in pieces.

use std::collections::VecDeque;

/// The largest event, which holds a whole task at most.
const LARGEST: usize = 64 << 20;

/// An event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Empty for a plain event.
    pub(super) kind: String,
    pub(super) data: String,
    pub(super) id: Option<String>,
}

/// What has come so far.
#[derive(Debug, Default)]
pub(super) struct Parser {
    rest: Vec<u8>,
    frame: Frame,
    has_data: bool,
    ready: VecDeque<Frame>,
}

impl Parser {
    /// The next whole event.
    pub(super) fn next(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    /// Takes a piece of the stream.
    ///
    /// # Errors
    /// When an event is too large: a sentence.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), String> {
        self.rest.extend_from_slice(piece);
        if self.rest.len() + self.frame.data.len() > LARGEST {
            return Err(format!(
                "an event of the stream has more than {LARGEST} bytes"
            ));
        }
        while let Some(end) = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
        {
            let is_return = self.rest.get(end) == Some(&b'\r');
            // A line break may be two bytes, of which the second has not come yet.
            if is_return && end + 1 == self.rest.len() {
                break;
            }
            let is_both = is_return && self.rest.get(end + 1) == Some(&b'\n');
            let line: Vec<u8> = self
                .rest
                .drain(..end + 1 + usize::from(is_both))
                .take(end)
                .collect();
            self.line(&String::from_utf8_lossy(&line));
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            if std::mem::take(&mut self.has_data) {
                self.ready.push_back(frame);
            }
            return;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                if self.has_data {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.frame.kind),
            "id" if !value.contains('\0') => self.frame.id = Some(value.to_owned()),
            // A comment, a time to wait, or something unknown.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, piece: usize) -> Vec<(String, String, Option<String>)> {
        let mut parser = Parser::default();
        for piece in text.as_bytes().chunks(piece) {
            parser.feed(piece).unwrap();
        }
        let frames = std::iter::from_fn(|| parser.next());
        frames
            .map(|frame| (frame.kind, frame.data, frame.id))
            .collect()
    }

    #[test]
    fn in_pieces_of_any_size_and_with_any_line_break() {
        let text =
            ": alive\n\nid: 4\ndata: {\"a\":\ndata: 1}\n\nevent: error\ndata:é\n\ndata: cut off";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            for piece in [1, 2, 3, 7, 100] {
                let one = (
                    String::new(),
                    "{\"a\":\n1}".to_owned(),
                    Some("4".to_owned()),
                );
                let two = ("error".to_owned(), "é".to_owned(), None);
                assert_eq!(read(&text, piece), [one, two], "{piece}");
            }
        }
    }
}
