use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use serde_json::json;

use super::rates::{TooOften, whole_seconds};
use super::reply::ReplyBody;
use super::request_body::Refused;
use crate::admission::NotAdmitted;
use crate::config::shown_size;
use crate::identity::{Denial, Denied};
use crate::instance::Breach;

/// Where reasons are from that only the host has.
const DOMAIN: &str = "attache";

/// What the host answers by itself, in the shape of a `google.rpc.Status`, which the A2A bindings
/// use for errors too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Malformed(&'static str),
    NotFound,
    NoSuchAgent,
    /// Nothing of this name belongs to the inspector.
    NoSuchPage,
    /// The inspector is for the machine that the host runs on.
    NotThisMachine,
    MethodNotAllowed,
    HeadTooLarge(String),
    UriTooLong {
        most: usize,
    },
    Body(Refused),
    NotAdmitted(NotAdmitted),
    TooOften(TooOften),
    /// The component ended without an answer; the log says why.
    Failed(&'static str),
    NotReady(&'static str),
    /// The component took too long.
    TimedOut(&'static str),
    /// It is not known who calls, or they may not.
    Denied(Denied),
}

impl Answer {
    /// Said by what ended an instance, or its response, before anything was sent of it.
    pub(super) fn of_breach(breach: Breach) -> Self {
        match breach {
            Breach::Late(_) => Self::TimedOut(breach.told()),
            _ => Self::Failed(breach.told()),
        }
    }

    /// `grpc` is for clients of gRPC, who read the status from other headers and no body. The HTTP
    /// status stays: proxies and the access log go by it.
    pub(super) fn into_response(self, grpc: bool) -> Response<ReplyBody> {
        let mut details = Vec::new();
        let mut retry = None;
        let mut challenges = Vec::new();
        let (status, name, message) = match self {
            Self::Malformed(message) => (
                StatusCode::BAD_REQUEST,
                "INVALID_ARGUMENT",
                message.to_owned(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "there are /health/live, /health/ready and /health/startup".to_owned(),
            ),
            Self::NoSuchAgent => (
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "there are several agents here, each at a path of its own: /agents/NAME".to_owned(),
            ),
            Self::NoSuchPage => (
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "the inspector has no such page; it begins at /inspector/".to_owned(),
            ),
            Self::NotThisMachine => (
                StatusCode::FORBIDDEN,
                "PERMISSION_DENIED",
                "the inspector is for the machine that the host runs on, as localhost or 127.0.0.1 and \
                 without a proxy; ATTACHE_INSPECTOR=anywhere lets others see it"
                    .to_owned(),
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "INVALID_ARGUMENT",
                "use GET".to_owned(),
            ),
            Self::HeadTooLarge(message) => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "RESOURCE_EXHAUSTED",
                message,
            ),
            Self::UriTooLong { most } => (
                StatusCode::URI_TOO_LONG,
                "RESOURCE_EXHAUSTED",
                format!("the URI of the request is longer than {most} bytes"),
            ),
            Self::Body(Refused::TooLarge { most }) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RESOURCE_EXHAUSTED",
                format!(
                    "the request body is larger than {} ({most} bytes)",
                    shown_size(most)
                ),
            ),
            Self::Body(Refused::TooSlow) => (
                StatusCode::REQUEST_TIMEOUT,
                "DEADLINE_EXCEEDED",
                "the request body came too slowly".to_owned(),
            ),
            Self::NotAdmitted(NotAdmitted::Busy {
                instances,
                retry: after,
            }) => {
                let seconds = whole_seconds(after);
                retry = Some(seconds);
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "UNAVAILABLE",
                    format!(
                        "all {instances} instances of the agent are busy; try again in {}",
                        in_words(seconds)
                    ),
                )
            }
            Self::NotAdmitted(NotAdmitted::Closed) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "the process is about to end; try again".to_owned(),
            ),
            Self::TooOften(TooOften { policy, rate, wait }) => {
                let seconds = whole_seconds(wait);
                retry = Some(seconds);
                details.push(json!({
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "RATE_LIMIT_EXCEEDED",
                    "domain": DOMAIN,
                    "metadata": { "policy": policy, "limit": rate.to_string() },
                }));
                (
                    StatusCode::TOO_MANY_REQUESTS,
                    "RESOURCE_EXHAUSTED",
                    format!(
                        "too many requests: {} may send {rate}; try again in {}",
                        match policy {
                            "card" => "for the agent card an address",
                            "caller" => "a caller",
                            _ => "an address",
                        },
                        in_words(seconds)
                    ),
                )
            }
            Self::Failed(message) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                message.to_owned(),
            ),
            Self::NotReady(message) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                message.to_owned(),
            ),
            Self::TimedOut(message) => (
                StatusCode::GATEWAY_TIMEOUT,
                "DEADLINE_EXCEEDED",
                message.to_owned(),
            ),
            Self::Denied(denied) => {
                challenges = denied.challenges;
                let (status, name) = match denied.denial {
                    Denial::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
                    Denial::Forbidden => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
                    Denial::Unavailable { retry_after: wait } => {
                        retry = Some(wait.as_secs());
                        (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
                    }
                };
                (status, name, denied.message)
            }
        };
        if status == StatusCode::SERVICE_UNAVAILABLE && retry.is_none() {
            retry = Some(1);
        }
        if let Some(seconds) = retry {
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{seconds}s"),
            }));
        }
        let mut response = if grpc {
            of_grpc(name, &message)
        } else {
            let mut error = json!({"code": status.as_u16(), "status": name, "message": message});
            if let (false, Some(error)) = (details.is_empty(), error.as_object_mut()) {
                error.insert("details".to_owned(), details.into());
            }
            of_json(json!({ "error": error }))
        };
        *response.status_mut() = status;
        if let Some(seconds) = retry {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        for challenge in challenges {
            if let Ok(challenge) = HeaderValue::try_from(challenge) {
                response.headers_mut().append(WWW_AUTHENTICATE, challenge);
            }
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

fn in_words(seconds: u64) -> String {
    match seconds {
        1 => "a second".to_owned(),
        _ => format!("{seconds} seconds"),
    }
}

/// What a path answers that can only be read. For HEAD it is the head alone: HTTP/2 would send the
/// body, too.
pub(super) fn to_read(
    method: &Method,
    mut response: Response<ReplyBody>,
) -> Result<Response<ReplyBody>, Answer> {
    match *method {
        Method::GET => Ok(response),
        Method::HEAD => {
            if let Some(length) = response.body().size_hint().exact() {
                response.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
            Ok(response.map(|_| ReplyBody::of_bytes(Bytes::new())))
        }
        _ => Err(Answer::MethodNotAllowed),
    }
}

pub(super) fn of_json(value: serde_json::Value) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::of_bytes(Bytes::from(value.to_string())));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Headers alone: there is no message, and so no trailers after it.
fn of_grpc(name: &str, message: &str) -> Response<ReplyBody> {
    let code = match name {
        "INVALID_ARGUMENT" => 3,
        "DEADLINE_EXCEEDED" => 4,
        "NOT_FOUND" => 5,
        "PERMISSION_DENIED" => 7,
        "RESOURCE_EXHAUSTED" => 8,
        "UNAVAILABLE" => 14,
        "UNAUTHENTICATED" => 16,
        _ => 13,
    };
    let mut response = Response::new(ReplyBody::of_bytes(Bytes::new()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(code));
    if let Ok(message) = HeaderValue::from_str(message) {
        headers.insert("grpc-message", message);
    }
    response
}
