//! Server-Sent Events, as they come.

use crate::outbound::{Response, SendError};

/// A stream of events whose data together may have so many bytes.
pub(crate) struct Events {
    response: Response,
    parser: Parser,
    ended: bool,
}

/// Why no further event can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventsError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("it sent more than {0} bytes")]
    TooLarge(usize),
}

impl Events {
    pub(crate) fn of(response: Response, limit: usize) -> Self {
        Self {
            response,
            parser: Parser::new(limit),
            ended: false,
        }
    }

    /// The next event that says something; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, EventsError> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(Some(event));
            }
            if self.ended {
                return Ok(None);
            }
            match self.response.chunk().await? {
                Some(bytes) => self.parser.feed(&bytes)?,
                None => self.ended = true,
            }
        }
    }
}

/// One event.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) data: String,
    pub(crate) id: Option<String>,
    /// How long to wait before the stream is asked for again, in milliseconds.
    pub(crate) retry: Option<u64>,
}

struct Parser {
    unread: Vec<u8>,
    event: Event,
    has_data: bool,
    limit: usize,
    seen: usize,
}

impl Parser {
    fn new(limit: usize) -> Self {
        Self {
            unread: Vec::new(),
            event: Event::default(),
            has_data: false,
            limit,
            seen: 0,
        }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), EventsError> {
        self.seen += bytes.len();
        if self.seen > self.limit {
            return Err(EventsError::TooLarge(self.limit));
        }
        self.unread.extend_from_slice(bytes);
        Ok(())
    }

    /// An event without data is told too when it has an id: it says where to go on.
    fn next(&mut self) -> Option<Event> {
        let mut begin = 0;
        let mut found = None;
        while let Some(rest) = self.unread.get(begin..)
            && let Some(length) = rest.iter().position(|byte| *byte == b'\n')
        {
            let line = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
            let line = line.trim_end_matches('\r').to_owned();
            begin += length + 1;
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if std::mem::take(&mut self.has_data) || event.id.is_some() {
                    found = Some(event);
                    break;
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => {
                    if self.has_data {
                        self.event.data.push('\n');
                    }
                    self.event.data.push_str(value);
                    self.has_data = true;
                }
                "id" => self.event.id = Some(value.to_owned()),
                "retry" => self.event.retry = value.parse().ok(),
                _ => {}
            }
        }
        self.unread.drain(..begin);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_any_pieces() {
        let stream = ": hello\r\n\r\nid: 1\nretry: 500\ndata:\n\nevent: message\r\ndata: {\"a\":\r\n\
                      data:  \"é\"}\r\n\r\ndata: cut off";
        for size in [1, 3, 1000] {
            let mut parser = Parser::new(1000);
            let mut events = Vec::new();
            for piece in stream.as_bytes().chunks(size) {
                parser.feed(piece).unwrap();
                events.extend(std::iter::from_fn(|| parser.next()));
            }
            let first = Event {
                data: String::new(),
                id: Some("1".to_owned()),
                retry: Some(500),
            };
            let second = Event {
                data: "{\"a\":\n \"é\"}".to_owned(),
                ..Event::default()
            };
            assert_eq!(events, [first, second], "{size}");
        }
    }

    #[test]
    fn there_is_a_limit() {
        let mut parser = Parser::new(10);
        assert!(parser.feed(b"data: 1234").is_ok());
        assert!(parser.feed(b"5").is_err());
    }
}
