//! What the clients of other servers share.

use std::time::Duration;

use http::{Method, Uri};
use serde_json::Value;

use crate::outbound::{Limits, Request, SendError};

/// The longest head of a request and its answer. What follows may take as long as its caller says.
const CONNECT: Duration = Duration::from_secs(10);

/// Headers that the deployment wants sent along, where it cannot add them itself.
pub(crate) type Headers = std::collections::BTreeMap<String, String>;

/// A request with these headers that may take so long.
pub(crate) fn request(
    method: Method,
    url: &str,
    headers: &Headers,
    time: Duration,
) -> Result<Request, SendError> {
    let mut request = Request::new(method, url)?.limits(Limits {
        connect: CONNECT.min(time),
        first_byte: time,
        between_bytes: time,
        total: time,
    });
    for (name, value) in headers {
        request = request.header(name, value)?;
    }
    Ok(request)
}

/// `scheme://host:port`, with the port in any case, so that two of them can be compared.
pub(crate) fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let scheme = url.scheme_str()?.to_ascii_lowercase();
    let default = match &*scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = url.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let port = authority.port_u16().unwrap_or(default);
    Some(format!("{scheme}://{host}:{port}"))
}

/// What an answer that is none says of itself, in a few words.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let said: Option<String> = serde_json::from_str(&body).ok().and_then(|body: Value| {
        let error = body.get("error").unwrap_or(&body);
        Some(error.get("message")?.as_str()?.to_owned())
    });
    let said = said.unwrap_or_else(|| body.trim().to_owned());
    said.chars().take(200).collect()
}

/// 128 random bits in hexadecimal.
pub(crate) fn new_id() -> String {
    let random = wasip2::random::random::get_random_u64;
    format!("{:016x}{:016x}", random(), random())
}

/// Sends a last word from where nothing can be awaited, and waits a moment for the answer, because a
/// request whose answer nobody waits for is broken off.
pub(crate) fn farewell(method: &Method, url: &str, headers: &Headers, body: Option<&Value>) {
    #[cfg(target_arch = "wasm32")]
    blocking::send(method, url, headers, body);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (method, url, headers, body);
}

#[cfg(target_arch = "wasm32")]
mod blocking {
    use http::{Method, Uri};
    use serde_json::Value;
    use wasip2::clocks::monotonic_clock::subscribe_duration;
    use wasip2::http::types as wasi;
    use wasip2::io::poll::poll;

    use super::Headers;

    const NANOSECONDS: u64 = 1_500_000_000;

    pub(super) fn send(method: &Method, url: &str, headers: &Headers, body: Option<&Value>) {
        // What does not go does not go: the other side has its own limits.
        let _ = try_send(method, url, headers, body);
    }

    fn try_send(method: &Method, url: &str, headers: &Headers, body: Option<&Value>) -> Option<()> {
        let url: Uri = url.parse().ok()?;
        let fields = wasi::Fields::new();
        for (name, value) in headers {
            fields.append(name, value.as_bytes()).ok()?;
        }
        let body = body.map(Value::to_string);
        if let Some(body) = &body {
            let length = body.len().to_string().into_bytes();
            let _ = fields.set("content-length", &[length]);
        }
        let request = wasi::OutgoingRequest::new(fields);
        request
            .set_method(&match *method {
                Method::DELETE => wasi::Method::Delete,
                _ => wasi::Method::Post,
            })
            .ok()?;
        request
            .set_scheme(Some(&match url.scheme_str() {
                Some("http") => wasi::Scheme::Http,
                _ => wasi::Scheme::Https,
            }))
            .ok()?;
        request
            .set_authority(url.authority().map(|a| a.as_str()))
            .ok()?;
        request
            .set_path_with_query(url.path_and_query().map(|p| p.as_str()))
            .ok()?;
        let outgoing = request.body().ok()?;
        let future = wasip2::http::outgoing_handler::handle(request, None).ok()?;
        if let Some(body) = &body {
            let stream = outgoing.write().ok()?;
            // A few hundred bytes: they fit at once.
            stream.blocking_write_and_flush(body.as_bytes()).ok()?;
        }
        wasi::OutgoingBody::finish(outgoing, None).ok()?;
        poll(&[&future.subscribe(), &subscribe_duration(NANOSECONDS)]);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_with_their_ports() {
        let same = |one: &str, other: &str| origin(one) == origin(other);
        assert!(same("https://a.example/x", "https://A.example:443/y?z"));
        assert!(!same("https://a.example/", "http://a.example/"));
        assert!(!same("https://a.example/", "https://a.example:8443/"));
        assert!(!same("https://a.example/", "https://b.a.example/"));
        for none in ["", "/x", "ftp://a/", "https://user@a.example/"] {
            assert_eq!(origin(none), None, "{none}");
        }
    }
}
