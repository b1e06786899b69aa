use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use super::budget::{Budget, Exceeded};
use super::failure;
use crate::telemetry::OutboundCall;

/// The body of a request: ends when the instance has sent and received too much.
pub(super) struct RequestBody {
    /// None once it has ended.
    outgoing: Option<WasiBody>,
    budget: Arc<Budget>,
}

impl RequestBody {
    pub(super) fn new(outgoing: WasiBody, budget: Arc<Budget>) -> Self {
        Self {
            outgoing: Some(outgoing),
            budget,
        }
    }
}

/// How much of a body is taken that nobody wants any more.
const UNWANTED: usize = 1 << 20;

/// A client has done with a body as soon as its length is reached, and with all of it when an answer
/// comes early. The component may be about to say that it has ended, on another thread, and would take
/// it for a broken connection that nobody listens: so it is heard to its end.
impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(mut unwanted) = self.outgoing.take() else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let mut left = UNWANTED;
            while let Some(Ok(frame)) = unwanted.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(length) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        });
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(outgoing) = &mut self.outgoing else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(outgoing).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = &polled {
            self.outgoing = None;
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Err(Exceeded) = take(&self.budget, frame)
        {
            let most = self.budget.most_bytes();
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(most)))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.outgoing.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let outgoing = self.outgoing.as_ref();
        outgoing.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// The body of a response: fails when the next piece takes too long or is too much, and holds one of
/// the instance's calls until it is read or dropped.
pub(super) struct ResponseBody {
    incoming: Incoming,
    between_bytes: Duration,
    late: Pin<Box<Sleep>>,
    budget: Arc<Budget>,
    _call: (OwnedSemaphorePermit, OutboundCall),
}

impl ResponseBody {
    pub(super) fn new(
        incoming: Incoming,
        between_bytes: Duration,
        budget: Arc<Budget>,
        call: (OwnedSemaphorePermit, OutboundCall),
    ) -> Self {
        let late = Box::pin(tokio::time::sleep(between_bytes));
        Self {
            incoming,
            between_bytes,
            late,
            budget,
            _call: call,
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Err(Exceeded) = take(&self.budget, &frame) {
                    let most = self.budget.most_bytes();
                    return Poll::Ready(Some(Err(Error::HttpResponseBodySize(Some(most)))));
                }
                let next = Instant::now() + self.between_bytes;
                self.late.as_mut().reset(next);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(failure::of_body(&error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.late.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

fn take(budget: &Budget, frame: &Frame<Bytes>) -> Result<(), Exceeded> {
    frame
        .data_ref()
        .map_or(Ok(()), |data| budget.take_bytes(data.len()))
}
