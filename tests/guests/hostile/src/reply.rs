//! Writing a response.

use attache_sdk::wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use attache_sdk::wasip2::io::streams::{OutputStream, StreamError};

/// A response whose head is sent.
pub(crate) struct Reply {
    stream: Option<OutputStream>,
    body: Option<OutgoingBody>,
}

impl Reply {
    pub(crate) fn to(out: ResponseOutparam) -> Self {
        Self::with(out, &[])
    }

    /// With a content type, if it is not empty.
    pub(crate) fn of_type(out: ResponseOutparam, kind: &str) -> Self {
        let headers = [("content-type", kind)];
        Self::with(out, if kind.is_empty() { &[] } else { &headers })
    }

    pub(crate) fn with(out: ResponseOutparam, headers: &[(&str, &str)]) -> Self {
        let fields = Fields::new();
        for (name, value) in headers {
            let _ = fields.append(name, value.as_bytes());
        }
        Self::with_fields(out, fields)
    }

    pub(crate) fn with_fields(out: ResponseOutparam, fields: Fields) -> Self {
        let response = OutgoingResponse::new(fields);
        let body = response.body().ok();
        let stream = body.as_ref().and_then(|body| body.write().ok());
        ResponseOutparam::set(out, Ok(response));
        Self { stream, body }
    }

    /// Writes a piece, which leaves at once. At most 4 KiB.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), StreamError> {
        match &self.stream {
            Some(stream) => stream.blocking_write_and_flush(text.as_bytes()),
            None => Err(StreamError::Closed),
        }
    }

    pub(crate) fn finish(mut self, trailers: Option<Fields>) {
        drop(self.stream.take());
        if let Some(body) = self.body.take() {
            let _ = OutgoingBody::finish(body, trailers);
        }
    }

    /// Writes the last pieces.
    pub(crate) fn end(mut self, text: &str) {
        for piece in text.as_bytes().chunks(4096) {
            let _ = self.write(&String::from_utf8_lossy(piece));
        }
        self.finish(None);
    }
}
