use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::timeout;

use crate::outbound::{CallError, Outbound};

/// How long a receiver has to answer, the connection included.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// What is read of an answer to keep its connection; a longer one costs the connection.
const LONGEST_ANSWER: usize = 64 << 10;
/// How long that may take.
const REST_WITHIN: Duration = Duration::from_secs(1);

/// What became of one notification.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has it.
    Delivered,
    /// The receiver does not want this one: the next may be another matter.
    Rejected(String),
    /// Nothing may or can be sent to this address.
    Impossible(String),
    /// It may work later.
    Failed {
        why: String,
        /// What the receiver asked for.
        retry_after: Option<Duration>,
    },
}

/// Posts a notification.
pub(super) async fn post(outbound: &Outbound, request: Request<Bytes>) -> Outcome {
    let failed = |why| Outcome::Failed {
        why,
        retry_after: None,
    };
    match timeout(ANSWER_WITHIN, outbound.call(request)).await {
        Err(_) => failed(format!("no answer within {ANSWER_WITHIN:?}")),
        Ok(Err(CallError::Failed(why))) => failed(why),
        Ok(Err(CallError::Refused(why))) => Outcome::Impossible(why),
        Ok(Ok(response)) => {
            let (head, body) = response.into_parts();
            let _ = timeout(REST_WITHIN, read_away(body)).await;
            judge(head.status, &head.headers)
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

fn judge(status: StatusCode, headers: &HeaderMap) -> Outcome {
    let why = format!("the answer was {status}");
    if status.is_success() {
        Outcome::Delivered
    } else if status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
    {
        Outcome::Failed {
            why,
            retry_after: retry_after(headers),
        }
    } else {
        Outcome::Rejected(why)
    }
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    SystemTime::from(date)
        .duration_since(SystemTime::now())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16) -> Outcome {
        judge(StatusCode::from_u16(status).unwrap(), &HeaderMap::new())
    }

    #[test]
    fn the_status_decides() {
        for status in [200, 201, 202, 204] {
            assert_eq!(judged(status), Outcome::Delivered, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(judged(status), Outcome::Failed { .. }), "{status}");
        }
        for status in [301, 307, 400, 401, 403, 404, 410, 413] {
            assert!(matches!(judged(status), Outcome::Rejected(_)), "{status}");
        }
    }

    #[test]
    fn a_receiver_may_say_when() {
        let given = |value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers)
        };
        assert_eq!(given("7"), Some(Duration::from_secs(7)));
        assert_eq!(given("soon"), None);
        assert_eq!(given("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        let later = given("Fri, 31 Dec 2399 23:59:59 GMT").unwrap();
        assert!(later > Duration::from_secs(1_000_000_000));
    }
}
