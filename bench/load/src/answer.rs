//! What is looked at in an answer.

use std::time::Instant;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;

/// An answer that is right.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) task: Option<String>,
    pub(crate) first_event: Option<Instant>,
}

#[derive(Deserialize)]
pub(crate) struct Envelope<R> {
    pub(crate) result: R,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    pub(crate) task: Task,
}

#[derive(Deserialize)]
pub(crate) struct Listed {
    pub(crate) tasks: Vec<Task>,
}

#[derive(Deserialize)]
pub(crate) struct Task {
    pub(crate) id: String,
    status: Status,
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Status {
    state: String,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

impl Task {
    pub(crate) fn is_completed(&self) -> bool {
        self.status.state == "TASK_STATE_COMPLETED"
    }

    /// Whether all its artifacts' texts are this one.
    pub(crate) fn says(&self, text: &str) -> bool {
        let mut parts = self.artifacts.iter().flat_map(|artifact| &artifact.parts);
        let only = parts.next().and_then(|part| part.text.as_deref());
        only == Some(text) && parts.next().is_none()
    }
}

/// What is wrong with an answer, with its beginning.
pub(crate) fn wrong(status: StatusCode, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let begin: String = body.chars().take(300).collect();
    format!("{status}: {begin}")
}

/// The events of a stream, one by one.
pub(crate) struct Events {
    answer: Response<Incoming>,
    read: Vec<u8>,
}

impl Events {
    pub(crate) fn of(answer: Response<Incoming>) -> Result<Self, String> {
        if answer.status() != StatusCode::OK {
            return Err(wrong(answer.status(), b"instead of a stream"));
        }
        Ok(Self {
            answer,
            read: Vec::new(),
        })
    }

    /// The next event's line of data; none at the end of the stream. Comments are no events.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                if let Some(data) = line.strip_prefix(b"data:") {
                    return Ok(Some(Bytes::copy_from_slice(data.trim_ascii())));
                }
            }
            match self.answer.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.to_string()),
                Some(Ok(frame)) => {
                    self.read
                        .extend_from_slice(frame.data_ref().map_or(&[], |data| data));
                }
            }
        }
    }
}

pub(crate) fn holds(data: &[u8], text: &str) -> bool {
    data.windows(text.len()).any(|part| part == text.as_bytes())
}
