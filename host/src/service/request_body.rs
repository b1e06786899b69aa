use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use wasmtime_wasi_http::Error;

use crate::config::BodyPatience;
use crate::telemetry::Limit;

/// How much of a refused body is read and thrown away, and for how long.
const DISCARDED: u64 = 256 << 20;
const DISCARDING: Duration = Duration::from_secs(10);
/// How much of a body is there before an instance is taken for it: all of most of them.
const READ_AHEAD: u64 = 16 << 10;
/// What a client has to send in each second that it takes for longer than the first.
const BYTES_PER_SECOND: u64 = 32 << 10;

/// The body of a request, up to a limit, and not slower than one. Beyond it the component reads an
/// error, and whoever waits on [`Refusal`] may still answer what was wrong.
pub(super) struct RequestBody {
    /// None once a limit was exceeded.
    incoming: Option<Incoming>,
    /// What was read ahead.
    read: VecDeque<Result<Frame<Bytes>, Error>>,
    read_bytes: u64,
    most: u64,
    left: u64,
    pace: Pace,
    refusal: Option<oneshot::Sender<Refused>>,
}

/// Tells that a body was refused.
pub(super) struct Refusal(oneshot::Receiver<Refused>);

/// Why a body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    TooLarge { most: u64 },
    TooSlow,
}

/// The time in which the host waited for a client. A component that reads slowly is not held
/// against it.
struct Pace {
    patience: BodyPatience,
    /// Waited for the pieces that came.
    waited: Duration,
    received: u64,
    /// Since when it is waited for the next, and until when.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, most: u64, patience: BodyPatience) -> (Self, Refusal) {
        let (refusal, watched) = oneshot::channel();
        let body = Self {
            incoming: Some(incoming),
            read: VecDeque::new(),
            read_bytes: 0,
            most,
            left: most,
            pace: Pace {
                patience,
                waited: Duration::ZERO,
                received: 0,
                waiting: None,
            },
            refusal: Some(refusal),
        };
        (body, Refusal(watched))
    }

    /// Reads the first of it. So a client that sends its request slowly holds no instance, and one
    /// that leaves while it waits for one is noticed: over HTTP/1.1 only when all was read.
    pub(super) async fn read_ahead(&mut self) {
        while self.read_bytes < READ_AHEAD {
            match poll_fn(|cx| self.poll_incoming(cx)).await {
                Some(frame) => {
                    let failed = frame.is_err();
                    self.read_bytes += frame.as_ref().map_or(0, length);
                    self.read.push_back(frame);
                    if failed {
                        return;
                    }
                }
                None => return,
            }
        }
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let Poll::Ready(polled) = Pin::new(incoming).poll_frame(cx) else {
            ready!(self.pace.poll_too_slow(cx));
            Limit::SlowRequest.hit();
            self.incoming = None;
            self.refuse(Refused::TooSlow);
            return Poll::Ready(Some(Err(Error::ConnectionTimeout)));
        };
        let frame = match polled {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return Poll::Ready(Some(Err(Error::ConnectionTerminated))),
            None => return Poll::Ready(None),
        };
        let length = length(&frame);
        self.pace.received(length);
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                Limit::BodySize.hit();
                if let Some(rest) = self.incoming.take() {
                    discard(rest);
                }
                self.refuse(Refused::TooLarge { most: self.most });
                Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.most)))))
            }
        }
    }

    fn refuse(&mut self, why: Refused) {
        if let Some(refusal) = self.refusal.take() {
            let _ = refusal.send(why);
        }
    }
}

impl Refusal {
    /// Never returns for a body within its limits.
    pub(super) async fn wait(&mut self) -> Refused {
        match (&mut self.0).await {
            Ok(why) => why,
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether it was refused by now.
    pub(super) fn so_far(&mut self) -> Result<(), Refused> {
        self.0.try_recv().map_or(Ok(()), Err)
    }
}

impl Pace {
    /// Ready when the client took too long.
    fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (_, until) = self.waiting.get_or_insert_with(|| {
            let earned = Duration::from_secs(self.received / BYTES_PER_SECOND);
            let rest = (self.patience.whole + earned).saturating_sub(self.waited);
            let now = Instant::now();
            let until = now + rest.min(self.patience.between);
            (now, Box::pin(sleep_until(until)))
        });
        until.as_mut().poll(cx)
    }

    fn received(&mut self, length: u64) {
        self.received += length;
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.read.pop_front() {
            Some(frame) => {
                self.read_bytes -= frame.as_ref().map_or(0, length);
                Poll::Ready(Some(frame))
            }
            None => self.poll_incoming(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self
            .incoming
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint);
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + self.read_bytes);
        }
        hint.set_lower(rest.lower() + self.read_bytes);
        hint
    }
}

fn length(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, Bytes::len) as u64
}

/// Reads a body and throws it away, within limits. Over HTTP/1.1 a client that is still sending
/// when the connection closes may never see the answer.
pub(super) fn discard(mut body: Incoming) {
    tokio::spawn(timeout(DISCARDING, async move {
        let mut left = DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(length(&frame)) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}
