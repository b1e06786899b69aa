use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use super::budget::{Budget, Exceeded};
use super::failure;
use crate::telemetry::OutboundCall;

/// The body of a request: ends when the instance has sent and received too much.
pub(super) struct RequestBody {
    outgoing: WasiBody,
    budget: Arc<Budget>,
}

impl RequestBody {
    pub(super) fn new(outgoing: WasiBody, budget: Arc<Budget>) -> Self {
        Self { outgoing, budget }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.outgoing).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Err(Exceeded) = take(&self.budget, frame)
        {
            let most = self.budget.most_bytes();
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(most)))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.outgoing.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.outgoing.size_hint()
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
