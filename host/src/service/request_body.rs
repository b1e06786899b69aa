use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::Notify;
use tokio::time::timeout;
use wasmtime_wasi_http::Error;

/// How much of a refused body is read and thrown away, and for how long.
const DISCARDED: u64 = 256 << 20;
const DISCARDING: Duration = Duration::from_secs(10);

/// The body of a request, up to a limit. Beyond it the component reads an error, and whoever
/// waits on [`Exceeded`] may still answer that the body was too large.
pub(super) struct RequestBody {
    /// None once the limit was exceeded.
    incoming: Option<Incoming>,
    most: u64,
    left: u64,
    exceeded: Arc<Notify>,
}

/// Tells that a body went over its limit.
pub(super) struct Exceeded(Arc<Notify>);

impl RequestBody {
    pub(super) fn new(incoming: Incoming, most: u64) -> (Self, Exceeded) {
        let exceeded = Arc::new(Notify::new());
        let watched = Exceeded(exceeded.clone());
        (
            Self {
                incoming: Some(incoming),
                most,
                left: most,
                exceeded,
            },
            watched,
        )
    }
}

impl Exceeded {
    /// Never returns for a body within its limit.
    pub(super) async fn wait(&self) {
        self.0.notified().await;
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let frame = match Pin::new(incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(_))) => {
                return Poll::Ready(Some(Err(Error::ConnectionTerminated)));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        };
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                if let Some(rest) = self.incoming.take() {
                    discard(rest);
                }
                self.exceeded.notify_one();
                Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.most)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

/// Reads a body and throws it away, within limits. Over HTTP/1.1 a client that is still sending
/// when the connection closes may never see the answer.
pub(super) fn discard(mut body: Incoming) {
    tokio::spawn(timeout(DISCARDING, async move {
        let mut left = DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}
