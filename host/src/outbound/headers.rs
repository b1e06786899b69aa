//! What a header means between two neighbours only, and what says who somebody is.

use http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Takes out what is between neighbours: RFC 9110 section 7.6.1, with the names that `Connection`
/// lists. `TE: trailers` stays, without which gRPC does not work.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed {
        headers.remove(name);
    }
    for name in [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TRANSFER_ENCODING,
        UPGRADE,
        HTTP2_SETTINGS,
    ] {
        headers.remove(name);
    }
    let trailers = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"trailers");
    if headers.get(TE).is_some_and(|value| !trailers(value)) {
        headers.remove(TE);
    }
}

/// Takes out what says who calls. Where the host adds a credential it speaks for the deployment, and
/// what the component says beside it could be taken for a part of that.
pub(super) fn strip_identity(headers: &mut HeaderMap) {
    const NAMES: [&str; 8] = [
        "x-goog-api-key",
        "x-goog-user-project",
        "x-goog-iam-authorization-token",
        "x-goog-authenticated-user-email",
        "x-goog-authenticated-user-id",
        "x-goog-iap-jwt-assertion",
        "x-serverless-authorization",
        "x-api-key",
    ];
    headers.remove(AUTHORIZATION);
    headers.remove(COOKIE);
    for name in NAMES {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(
        mut headers: Vec<(&'static str, &'static str)>,
        strip: fn(&mut HeaderMap),
    ) -> Vec<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers.drain(..) {
            map.append(name, HeaderValue::from_static(value));
        }
        strip(&mut map);
        map.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_between_neighbours_stays_there() {
        let sent = vec![
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ];
        assert_eq!(left(sent, strip_hop_by_hop), ["accept"]);
        assert_eq!(left(vec![("te", "trailers")], strip_hop_by_hop), ["te"]);
    }

    #[test]
    fn what_says_who_calls_is_the_hosts_to_say() {
        let sent = vec![
            ("authorization", "Bearer forged"),
            ("cookie", "a=b"),
            ("x-goog-api-key", "forged"),
            ("x-goog-user-project", "another"),
            ("content-type", "text/plain"),
        ];
        assert_eq!(left(sent, strip_identity), ["content-type"]);
    }
}
