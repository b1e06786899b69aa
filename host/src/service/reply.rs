mod taken;
mod written;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use thiserror::Error;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::access_log::AccessLog;
use super::audience::Audience;
use super::bounds::Bounds;
use super::outcome::Outcome;
use crate::instance::Breach;
use crate::server::Exchange;
use taken::Taken;
use written::Written;

/// The body of a response.
///
/// Each piece that the component writes leaves as its own frame, at once. A body that the
/// component did not finish, or that goes over its bounds, ends in an error, so that the client
/// sees a broken connection or stream and never a short answer that looks whole. The component is
/// told that nobody reads any more, as when a client leaves.
pub struct ReplyBody {
    content: Content,
    log: Option<AccessLog>,
    /// Ends with the body, unless the content has it.
    exchange: Option<Exchange>,
}

enum Content {
    Bytes(Full<Bytes>),
    Component(Box<Written>),
    Watched(Taken),
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
    /// The response went over its bounds.
    #[error(transparent)]
    TooMuch(Breach),
    /// The client took nothing of it for too long.
    #[error("the client did not take the response")]
    NotTaken,
}

impl ReplyBody {
    pub(super) fn of_bytes(bytes: Bytes) -> Self {
        Self {
            content: Content::Bytes(Full::new(bytes)),
            log: None,
            exchange: None,
        }
    }

    pub(super) fn of_component(
        body: HyperOutgoingBody,
        outcome: Outcome,
        bounds: Bounds,
        audience: Audience,
    ) -> Self {
        Self {
            content: Content::Component(Box::new(Written::new(body, outcome, bounds, audience))),
            log: None,
            exchange: None,
        }
    }

    pub(super) fn logged_by(mut self, log: AccessLog) -> Self {
        self.log = Some(log);
        self
    }

    /// Goes with the exchange that it ends.
    pub(super) fn of(mut self, exchange: Exchange) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// Like [`Self::of`], for a response whose client is to take some of it within `patience`.
    pub(super) fn taken_within(mut self, patience: Duration, exchange: Exchange) -> Self {
        self.content = match self.content {
            Content::Component(written) => {
                Content::Watched(Taken::new(written, exchange, patience))
            }
            content => {
                self.exchange = Some(exchange);
                content
            }
        };
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
            Content::Component(written) => written.poll_frame(cx),
            Content::Watched(taken) => taken.poll_frame(cx),
        };
        if let (Poll::Ready(frame), Some(log)) = (&polled, &mut self.log) {
            match frame {
                // Nothing follows trailers, and nobody asks whether something does.
                Some(Ok(frame)) if frame.is_trailers() => log.complete(),
                Some(Ok(frame)) => log.sent(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(broken)) => log.broken(broken.reason()),
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
            Content::Component(written) => written.size_hint(),
            Content::Watched(taken) => taken.size_hint(),
        }
    }
}

impl Content {
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_end_stream(),
            Self::Component(written) => written.is_end_stream(),
            Self::Watched(taken) => taken.is_end_stream(),
        }
    }
}

impl Broken {
    /// For the access log.
    fn reason(&self) -> &'static str {
        match self {
            Self::GivenUp(_) | Self::Ended => {
                "the component ended before its response was finished"
            }
            Self::TooMuch(breach) => breach.told(),
            Self::NotTaken => "the client did not take the response",
        }
    }
}
