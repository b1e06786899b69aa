use std::time::Duration;

use attache_task_store::Outcome;
use bytes::Bytes;
use http::Request;
use http::header::RETRY_AFTER;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;
use tracing::Instrument;

use crate::outbound::{CallError, Outbound};
use crate::tasks::now;
use crate::telemetry::OutboundCall;

/// How long a receiver has to answer, the connection included.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// What is read of an answer to keep its connection; a longer one costs the connection.
const LONGEST_ANSWER: usize = 64 << 10;
/// How long that may take.
const REST_WITHIN: Duration = Duration::from_secs(1);

/// Posts a notification.
pub(super) async fn post(outbound: &Outbound, mut request: Request<Bytes>) -> Outcome {
    let mut seen = OutboundCall::begin(request.method(), request.uri());
    seen.hand_on(request.headers_mut());
    let called = outbound.call(request).instrument(seen.span());
    match timeout(ANSWER_WITHIN, called).await {
        Err(_) => Outcome::failed(format!("no answer within {ANSWER_WITHIN:?}")),
        Ok(Err(CallError::Failed(why))) => Outcome::failed(why),
        Ok(Err(CallError::Refused(why))) => Outcome::Impossible(why),
        Ok(Ok(response)) => {
            seen.answered(response.status().as_u16());
            let (head, body) = response.into_parts();
            let _ = timeout(REST_WITHIN, read_away(body)).await;
            let retry_after = head.headers.get(RETRY_AFTER);
            let retry_after = retry_after.and_then(|value| value.to_str().ok());
            Outcome::of_answer(head.status.as_u16(), retry_after, now())
        }
    }
}

/// A connection whose answer was read is used again.
async fn read_away(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > LONGEST_ANSWER {
            return;
        }
    }
}
