//! Waiting, but not for ever.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

/// Lets time pass.
pub(crate) async fn pause(time: Duration) {
    wstd::task::sleep(time.into()).await;
}

/// What comes of `future`; none when the time is over before.
pub(crate) async fn within<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    match select(pin!(future), pin!(pause(time))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}
