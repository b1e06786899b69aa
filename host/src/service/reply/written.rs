use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tracing::warn;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::Broken;
use crate::instance::Breach;
use crate::service::audience::Audience;
use crate::service::bounds::Bounds;
use crate::service::outcome::Outcome;

/// How long an error waits for what was written before it: connections drop what they have not sent
/// when a body fails, and the head with it.
const LAST_WORDS: Duration = Duration::from_millis(10);

/// What a component writes, within its bounds.
pub(super) struct Written {
    body: HyperOutgoingBody,
    outcome: Outcome,
    bounds: Bounds,
    pause: Pause,
    /// What ended it, until it is said.
    broken: Option<(Broken, Pin<Box<Sleep>>)>,
    _audience: Audience,
}

impl Written {
    pub(super) fn new(
        body: HyperOutgoingBody,
        outcome: Outcome,
        bounds: Bounds,
        audience: Audience,
    ) -> Self {
        Self {
            body,
            outcome,
            bounds,
            pause: Pause::default(),
            broken: None,
            _audience: audience,
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.outcome.is_broken()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
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
