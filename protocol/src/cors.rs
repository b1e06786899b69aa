//! Cross-origin requests: clients in a browser, such as the A2A inspector, may use the agent.
//!
//! Any origin may. Nothing here depends on a cookie, so a page gets no further than a program would:
//! it has to bring the credential itself.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, HeaderValue,
};
use http::{Response, StatusCode};

use crate::server::Body;

const METHODS: &str = "GET, HEAD, POST, DELETE, OPTIONS";
const HEADERS: &str = "Content-Type, Authorization, A2A-Version, A2A-Extensions, X-A2A-Extensions, \
                       Last-Event-ID, If-None-Match, If-Modified-Since";
const EXPOSED: &str = "A2A-Extensions, X-A2A-Extensions, ETag, Retry-After, WWW-Authenticate, \
                       X-Request-Id";
/// What browsers keep it for at most.
const MAX_AGE: &str = "7200";

/// The answer to OPTIONS, for every path: what a page may send.
pub(crate) fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::Full(Vec::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets the page that asked read the answer.
pub(crate) fn allow(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
}
