//! Calling out.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, OutgoingRequest, RequestOptions, Scheme};
use wasip2::io::streams::StreamError;

/// The status and the body, or the error.
pub(crate) fn fetch(url: &str, first_byte_ms: u64) -> String {
    match request(url, first_byte_ms) {
        Ok(answer) => answer,
        Err(code) => format!("{code:?}"),
    }
}

fn request(url: &str, first_byte_ms: u64) -> Result<String, ErrorCode> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(Fields::new());
    let scheme = if scheme == "https" {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let _ = request.set_scheme(Some(&scheme));
    if request.set_authority(Some(authority)).is_err() {
        return Err(ErrorCode::HttpRequestUriInvalid);
    }
    let _ = request.set_path_with_query(Some(&format!("/{path}")));
    let options = RequestOptions::new();
    if first_byte_ms > 0 {
        let _ = options.set_first_byte_timeout(Some(first_byte_ms * 1_000_000));
    }
    let future = outgoing_handler::handle(request, Some(options))?;
    future.subscribe().block();
    let response = match future.get() {
        Some(Ok(response)) => response?,
        _ => return Err(ErrorCode::InternalError(None)),
    };
    let status = response.status();
    let mut text = String::new();
    if let Ok(body) = response.consume()
        && let Ok(stream) = body.stream()
    {
        loop {
            match stream.blocking_read(64 << 10) {
                Ok(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(_)) => {
                    text.push_str(" (broken)");
                    break;
                }
            }
        }
    }
    Ok(format!("{status} {text}"))
}
