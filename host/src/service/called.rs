use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;
use tokio::time::timeout;
use tracing::{Instrument, Span};

use super::answer::{Answer, of_json};
use super::reply::ReplyBody;
use super::request_body::Refused;
use crate::admission::Admitted;
use crate::config::BodyPatience;
use crate::dispatch::{Call, Callback};
use crate::telemetry::Limit;
use crate::work::Work;

/// The queue sends a token.
const LONGEST: usize = 4 << 10;

/// What the queue says. It is read before there is an instance for it: whoever knows the path may
/// call it, and slowly.
pub(super) async fn read(
    request: Request<Incoming>,
    patience: BodyPatience,
) -> Result<(HeaderMap, Bytes), Answer> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LONGEST).collect();
    match timeout(patience.whole, body).await {
        Ok(Ok(body)) => Ok((head.headers, body.to_bytes())),
        Ok(Err(_)) => Err(Answer::Malformed("the body of a call is a few bytes")),
        Err(_) => {
            Limit::SlowRequest.hit();
            Err(Answer::Body(Refused::TooSlow))
        }
    }
}

/// Answers a call of the queue when its work is done, which is work like any other: it goes on when
/// the queue hangs up, and the end of the process waits for it.
pub(super) async fn answer(
    callback: Callback,
    work: &Work,
    permit: Admitted,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Response<ReplyBody>, Answer> {
    let called = async move {
        let call = callback.answer(&headers, &body).await;
        drop(permit);
        call
    };
    let status = match work.spawn(called.instrument(Span::current())).await {
        Ok(Some(Some(Call::Done))) => "done",
        Ok(Some(Some(Call::NothingToDo))) => "nothing to do",
        Ok(Some(Some(Call::Running))) => {
            return Err(Answer::NotReady("another run has the task; call again"));
        }
        Ok(Some(Some(Call::Unavailable))) => {
            return Err(Answer::NotReady("the task log does not answer; call again"));
        }
        Ok(Some(Some(Call::Unfinished))) => {
            return Err(Answer::Failed("the task is not finished; call again"));
        }
        Ok(Some(None)) => return Err(Answer::Malformed("the body of a call holds a token")),
        Ok(None) => return Err(Answer::NotReady("the process is about to end; call again")),
        Err(_) => return Err(Answer::Failed("the host failed while it served this call")),
    };
    Ok(of_json(json!({ "status": status })))
}
