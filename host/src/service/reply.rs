use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep};
use tracing::warn;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::access_log::AccessLog;
use super::audience::Audience;
use super::bounds::Bounds;
use super::outcome::Outcome;
use crate::instance::Breach;

/// The body of a response.
///
/// Each piece that the component writes leaves as its own frame, at once. A body that the
/// component did not finish, or that goes over its bounds, ends in an error, so that the client
/// sees a broken connection or stream and never a short answer that looks whole. The component is
/// told that nobody reads any more, as when a client leaves.
pub struct ReplyBody {
    content: Content,
    log: Option<AccessLog>,
}

enum Content {
    Bytes(Full<Bytes>),
    Component(Box<Written>),
}

/// What a component writes.
struct Written {
    body: HyperOutgoingBody,
    outcome: Outcome,
    bounds: Bounds,
    pause: Pause,
    /// What ended it, until it is said.
    broken: Option<(Broken, Pin<Box<Sleep>>)>,
    _audience: Audience,
}

/// How long an error waits for what was written before it: connections drop what they have not sent
/// when a body fails, and the head with it.
const LAST_WORDS: Duration = Duration::from_millis(10);

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
}

impl ReplyBody {
    pub(super) fn of_bytes(bytes: Bytes) -> Self {
        Self {
            content: Content::Bytes(Full::new(bytes)),
            log: None,
        }
    }

    pub(super) fn of_component(
        body: HyperOutgoingBody,
        outcome: Outcome,
        bounds: Bounds,
        audience: Audience,
    ) -> Self {
        Self {
            content: Content::Component(Box::new(Written {
                body,
                outcome,
                bounds,
                pause: Pause::default(),
                broken: None,
                _audience: audience,
            })),
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
            Content::Component(written) => written.poll_frame(cx),
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
            Content::Component(written) => written.body.size_hint(),
        }
    }
}

impl Content {
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_end_stream(),
            Self::Component(written) => {
                written.body.is_end_stream() && !written.outcome.is_broken()
            }
        }
    }
}

impl Written {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.broken.is_none() {
            match ready!(self.poll_written(cx)) {
                Some(Err(broken)) => {
                    self.broken = Some((broken, Box::pin(sleep(LAST_WORDS))));
                }
                written => return Poll::Ready(written),
            }
        }
        if let Some((_, wait)) = &mut self.broken {
            ready!(wait.as_mut().poll(cx));
        }
        Poll::Ready(self.broken.take().map(|(broken, _)| Err(broken)))
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => {
                let idle = self.bounds.idle;
                return self
                    .pause
                    .poll_over(idle, cx)
                    .map(|()| Some(Err(broken(Breach::Idle(idle)))));
            }
            Poll::Ready(None) if self.outcome.is_broken() => Err(Broken::Ended),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(frame)) => frame.map_err(Broken::GivenUp),
        };
        self.pause.end();
        Poll::Ready(Some(frame.and_then(|frame| self.bounded(frame))))
    }

    fn bounded(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Broken> {
        let checked = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => self.bounds.count(data.len()),
            (None, Some(trailers)) => self.bounds.check_trailers(trailers),
            (None, None) => Ok(()),
        };
        checked.map_err(broken)?;
        Ok(frame)
    }
}

fn broken(breach: Breach) -> Broken {
    breach.hit();
    warn!("{breach}");
    Broken::TooMuch(breach)
}

impl Broken {
    /// For the access log.
    fn reason(&self) -> &'static str {
        match self {
            Self::GivenUp(_) | Self::Ended => {
                "the component ended before its response was finished"
            }
            Self::TooMuch(breach) => breach.told(),
        }
    }
}

/// The time since there was last nothing to read. While nobody reads, it does not matter: what the
/// component wrote meanwhile is found first.
#[derive(Default)]
struct Pause {
    timer: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl Pause {
    fn end(&mut self) {
        self.running = false;
    }

    fn poll_over(&mut self, patience: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
        if !self.running {
            self.running = true;
            timer.as_mut().reset(Instant::now() + patience);
        }
        timer.as_mut().poll(cx)
    }
}
