use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::Broken;
use super::written::Written;
use crate::server::Exchange;
use crate::telemetry::Limit;

/// The body of a response over HTTP/2, which is given up when the client takes nothing of it.
///
/// A stream whose client grants no window is not polled, and the socket is as lively as the
/// client's other streams make it. So the time is watched from beside: when it has passed, the body
/// is dropped, which tells the component that its reader left and frees what it wrote. The stream
/// itself breaks off when the client wants more of it, or with the connection, which ends when it
/// has only such streams.
pub(super) struct Taken {
    shared: Arc<Mutex<Shared>>,
    watch: AbortHandle,
}

struct Shared {
    /// None when it was given up.
    written: Option<Box<Written>>,
    /// Since when the client has what it asked for and asks for no more.
    satisfied: Option<Instant>,
    exchange: Exchange,
}

impl Taken {
    pub(super) fn new(written: Box<Written>, exchange: Exchange, patience: Duration) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            written: Some(written),
            satisfied: Some(Instant::now()),
            exchange,
        }));
        let watch = tokio::spawn(watch(shared.clone(), patience)).abort_handle();
        Self { shared, watch }
    }
}

async fn watch(shared: Arc<Mutex<Shared>>, patience: Duration) {
    loop {
        let satisfied = lock(&shared).satisfied;
        match satisfied {
            None => sleep(patience).await,
            Some(since) if since.elapsed() < patience => sleep_until(since + patience).await,
            Some(_) => break,
        }
    }
    Limit::SlowResponse.hit();
    let mut shared = lock(&shared);
    shared.written = None;
    shared.exchange.stall();
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Taken {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let mut shared = lock(&self.shared);
        let Some(written) = &mut shared.written else {
            return Poll::Ready(Some(Err(Broken::NotTaken)));
        };
        let polled = written.poll_frame(cx);
        shared.satisfied = polled.is_ready().then(Instant::now);
        polled
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let shared = lock(&self.shared);
        let written = shared.written.as_ref();
        written.is_some_and(|written| written.is_end_stream())
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let shared = lock(&self.shared);
        let written = shared.written.as_ref();
        written
            .map(|written| written.size_hint())
            .unwrap_or_default()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
