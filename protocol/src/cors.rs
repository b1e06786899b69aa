//! Cross-origin requests: clients in a browser, such as the A2A inspector.
//!
//! Any page may read the agent card, which is public. The rest is for the origins that the deployment
//! names, by default none: an agent on a laptop or in a private network asks its neighbours for no
//! credential, and a page from anywhere must not speak to it through the browser of somebody who is
//! inside.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Response, StatusCode};

use crate::platform::Platform;
use crate::server::Body;

/// Origins with a comma between them, or `*` for any.
const CONFIG_ALLOW_ORIGIN: &str = "attache_allow_origin";
const METHODS: &str = "GET, HEAD, POST, DELETE, OPTIONS";
const HEADERS: &str = "Content-Type, Authorization, A2A-Version, A2A-Extensions, X-A2A-Extensions, \
                       Last-Event-ID, If-None-Match, If-Modified-Since";
const EXPOSED: &str = "A2A-Extensions, X-A2A-Extensions, ETag, Retry-After, WWW-Authenticate, \
                       X-Request-Id";
/// What browsers keep it for at most.
const MAX_AGE: &str = "7200";

/// Which pages may read the answer to one request.
pub(crate) enum Pages {
    /// None, or the request does not come from a page.
    None,
    Any,
    /// Those of this origin.
    Of(HeaderValue),
}

impl Pages {
    pub(crate) fn of(headers: &HeaderMap, platform: &dyn Platform, is_card: bool) -> Self {
        if is_card {
            return Self::Any;
        }
        let Some(origin) = headers.get(ORIGIN) else {
            return Self::None;
        };
        let allowed = platform.config(CONFIG_ALLOW_ORIGIN).unwrap_or_default();
        let mut allowed = allowed.split(',').map(str::trim);
        match origin.to_str() {
            Ok(_) if allowed.clone().any(|allowed| allowed == "*") => Self::Any,
            Ok(asking) if allowed.any(|allowed| allowed.eq_ignore_ascii_case(asking)) => {
                Self::Of(origin.clone())
            }
            _ => Self::None,
        }
    }

    /// Lets the page read the answer.
    pub(crate) fn allow(self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        match self {
            Self::None => return,
            Self::Any => headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
            Self::Of(origin) => {
                headers.append(VARY, HeaderValue::from_static("Origin"));
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            }
        };
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
}

/// The answer to OPTIONS, for every path: what a page may send, if it may at all.
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
