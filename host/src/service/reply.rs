use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use thiserror::Error;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::access_log::AccessLog;
use super::outcome::Outcome;

/// The body of a response.
///
/// Each piece that the component writes leaves as its own frame, at once. A body that the
/// component did not finish ends in an error, so that the client sees a broken connection or
/// stream and never a short answer that looks whole.
pub struct ReplyBody {
    content: Content,
    log: Option<AccessLog>,
}

enum Content {
    Bytes(Full<Bytes>),
    Component(HyperOutgoingBody, Outcome),
}

/// The response broke off.
#[derive(Debug, Error)]
pub enum Broken {
    /// The component gave the body up, by its own will.
    #[error("the component gave up the response: {0}")]
    GivenUp(wasmtime_wasi_http::Error),
    /// The component trapped, or the process ends.
    #[error("the component ended before its response was finished")]
    Ended,
}

impl ReplyBody {
    pub(super) fn of_bytes(bytes: Bytes) -> Self {
        Self {
            content: Content::Bytes(Full::new(bytes)),
            log: None,
        }
    }

    pub(super) fn of_component(body: HyperOutgoingBody, outcome: Outcome) -> Self {
        Self {
            content: Content::Component(body, outcome),
            log: None,
        }
    }

    pub(super) fn logged_by(mut self, log: AccessLog) -> Self {
        self.log = Some(log);
        self
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let polled = match &mut self.content {
            Content::Bytes(bytes) => Pin::new(bytes)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Content::Component(body, outcome) => match Pin::new(body).poll_frame(cx) {
                Poll::Ready(None) if outcome.is_broken() => Poll::Ready(Some(Err(Broken::Ended))),
                polled => polled.map_err(Broken::GivenUp),
            },
        };
        if let (Poll::Ready(frame), Some(log)) = (&polled, &mut self.log) {
            match frame {
                // Nothing follows trailers, and nobody asks whether something does.
                Some(Ok(frame)) if frame.is_trailers() => log.complete(),
                Some(Ok(frame)) => log.sent(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(_)) => log.broken("the component ended before its response was finished"),
                None => log.complete(),
            }
        }
        if self.content.is_end_stream()
            && let Some(log) = &mut self.log
        {
            log.complete();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Bytes(bytes) => bytes.size_hint(),
            Content::Component(body, _) => body.size_hint(),
        }
    }
}

impl Content {
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_end_stream(),
            Self::Component(body, outcome) => body.is_end_stream() && !outcome.is_broken(),
        }
    }
}
