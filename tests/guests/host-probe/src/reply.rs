//! Writing a response.

use wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasip2::io::streams::{OutputStream, StreamError};

/// A response whose head is sent.
pub(crate) struct Reply {
    stream: Option<OutputStream>,
    body: Option<OutgoingBody>,
}

impl Reply {
    /// Sends the head.
    pub(crate) fn to(out: ResponseOutparam) -> Self {
        Self::with(out, Fields::new())
    }

    /// Sends a response that says how long it is.
    pub(crate) fn sized(out: ResponseOutparam, text: &str) {
        let fields = Fields::new();
        let _ = fields.append("content-length", text.len().to_string().as_bytes());
        Self::with(out, fields).end(text);
    }

    /// Sends the head of a stream of events.
    pub(crate) fn events(out: ResponseOutparam) -> Self {
        let fields = Fields::new();
        let _ = fields.append("content-type", b"text/event-stream");
        Self::with(out, fields)
    }

    fn with(out: ResponseOutparam, fields: Fields) -> Self {
        let response = OutgoingResponse::new(fields);
        let body = response.body().ok();
        let stream = body.as_ref().and_then(|body| body.write().ok());
        ResponseOutparam::set(out, Ok(response));
        Self { stream, body }
    }

    /// A response that was ended before.
    pub(crate) fn closed() -> Self {
        Self {
            stream: None,
            body: None,
        }
    }

    /// Writes a piece, which leaves at once.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), StreamError> {
        match &self.stream {
            Some(stream) => stream.blocking_write_and_flush(text.as_bytes()),
            None => Err(StreamError::Closed),
        }
    }

    pub(crate) fn finish(mut self) {
        drop(self.stream.take());
        if let Some(body) = self.body.take() {
            let _ = OutgoingBody::finish(body, None);
        }
    }

    /// Writes the last piece.
    pub(crate) fn end(mut self, text: &str) {
        let _ = self.write(text);
        self.finish();
    }
}
