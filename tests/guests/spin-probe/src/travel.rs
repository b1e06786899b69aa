//! How requests and responses travel.

use serde_json::json;
use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam, Scheme,
};
use wasip2::io::streams::{OutputStream, StreamError};

const MILLISECOND: u64 = 1_000_000;

pub(crate) fn serve(path: &str, query: &str, request: &IncomingRequest, out: ResponseOutparam) {
    match path {
        "/seen" => answer(out, 200, seen(request).as_bytes()),
        "/echo" => match read_body(request) {
            Ok(body) => answer(out, 200, &body),
            Err(error) => answer(out, 500, error.as_bytes()),
        },
        "/late-body" => late_body(out),
        "/stream" => stream(out, query),
        "/unfinished" => unfinished(out),
        "/trap" => std::process::abort(),
        "/trap-midway" => trap_midway(out),
        "/fetch" => match fetch(query) {
            Ok(body) => answer(out, 200, &body),
            Err(error) => answer(out, 502, error.as_bytes()),
        },
        _ => answer(out, 404, b"the probe has no such path"),
    }
}

/// Answers at once, the body written before the head is sent.
pub(crate) fn answer(out: ResponseOutparam, status: u16, body: &[u8]) {
    let response = OutgoingResponse::new(Fields::new());
    if response.set_status_code(status).is_err() {
        return;
    }
    let Ok(outgoing) = response.body() else {
        return;
    };
    let first = body.len().min(4096);
    let (early, rest) = body.split_at(first);
    let written = outgoing.write().map(|stream| {
        let early = stream.write(early);
        ResponseOutparam::set(out, Ok(response));
        for chunk in rest.chunks(4096) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                return false;
            }
        }
        early.is_ok()
    });
    if written == Ok(true) {
        // An error means that the client is gone.
        let _ = OutgoingBody::finish(outgoing, None);
    }
}

fn seen(request: &IncomingRequest) -> String {
    let headers: Vec<_> = request
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    json!({
        "method": format!("{:?}", request.method()),
        "scheme": request.scheme().map(|scheme| format!("{scheme:?}")),
        "authority": request.authority(),
        "target": request.path_with_query(),
        "headers": headers,
        "environment": std::env::vars().count(),
        "folders": wasip2::filesystem::preopens::get_directories().len(),
    })
    .to_string()
}

pub(crate) fn read_body(request: &IncomingRequest) -> Result<Vec<u8>, String> {
    let body = request.consume().map_err(|()| "no body".to_owned())?;
    let stream = body.stream().map_err(|()| "no stream".to_owned())?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}

/// Sends the head, and gives the body to `write`. Finishes the body when `write` says so.
fn respond(out: ResponseOutparam, write: impl FnOnce(&OutputStream) -> bool) {
    let response = OutgoingResponse::new(Fields::new());
    let Ok(body) = response.body() else {
        return;
    };
    ResponseOutparam::set(out, Ok(response));
    let done = body.write().is_ok_and(|stream| write(&stream));
    if done {
        let _ = OutgoingBody::finish(body, None);
    }
}

/// The head has left when the body is written.
fn late_body(out: ResponseOutparam) {
    respond(out, |stream| {
        monotonic_clock::subscribe_duration(5 * MILLISECOND).block();
        stream.blocking_write_and_flush(b"after the head").is_ok()
    });
}

/// `?chunks=3&ms=50`: so many chunks, so far apart. Says on stderr when the client is gone.
fn stream(out: ResponseOutparam, query: &str) {
    let chunks = parameter(query, "chunks").unwrap_or(3);
    let pause = parameter(query, "ms").unwrap_or(0);
    respond(out, |stream| {
        for number in 0..chunks {
            let chunk = format!("chunk {number}\n");
            if stream.blocking_write_and_flush(chunk.as_bytes()).is_err() {
                eprintln!("the client is gone at chunk {number}");
                return false;
            }
            monotonic_clock::subscribe_duration(pause * MILLISECOND).block();
        }
        true
    });
}

fn unfinished(out: ResponseOutparam) {
    respond(out, |stream| {
        // The result does not matter: the body is dropped either way.
        let _ = stream.blocking_write_and_flush(b"half of it");
        false
    });
}

fn trap_midway(out: ResponseOutparam) {
    respond(out, |stream| {
        let _ = stream.blocking_write_and_flush(b"half of it");
        std::process::abort()
    });
}

fn parameter(query: &str, name: &str) -> Option<u64> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.parse().ok())
}

/// Gets `scheme://authority/path`, which is the whole query.
fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let request = OutgoingRequest::new(Fields::new());
    request
        .set_method(&Method::Get)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)))
        .map_err(|()| format!("not a URL: {url}"))?;
    let future = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    future.subscribe().block();
    let response = future
        .get()
        .ok_or("not ready")?
        .map_err(|()| "taken".to_owned())?
        .map_err(|error| format!("{error:?}"))?;
    let body = response.consume().map_err(|()| "no body".to_owned())?;
    let stream = body.stream().map_err(|()| "no stream".to_owned())?;
    let mut bytes = format!("{} ", response.status()).into_bytes();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}
