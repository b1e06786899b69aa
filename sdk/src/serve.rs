//! The component's two exports: one HTTP request in, one answer out; and the host's way back in.
//!
//! A short answer is written before its head is handed over, so that both leave in one segment:
//! Spin does not set `TCP_NODELAY`, and a body that comes later than the head waits 40 ms there.

use std::rc::Rc;

use attache_protocol::{Agent, Answer, Body, Piece, Server, too_large};
use futures_util::StreamExt as _;
use futures_util::future::join;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use wasip2::http::types as wasi;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wstd::io::AsyncPollable;

use crate::bindings::wasi::config::store;
use crate::platform::Wasi;

/// The largest request body, where the deployment sets no other: what Cloud Run takes over HTTP/1.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// How much is read at a time.
const CHUNK: u64 = 256 * 1024;

/// Answers one request.
pub fn handle<A: Agent>(agent: A, request: wasi::IncomingRequest, out: wasi::ResponseOutparam) {
    wstd::runtime::block_on(async move {
        let answer = match read(request).await {
            Ok(request) => Server::new(agent, Rc::new(Wasi)).handle(request).await,
            Err(answer) => answer,
        };
        send(answer, out).await;
    });
}

/// Takes up a stored task.
///
/// # Errors
/// See [`Server::resume`].
pub fn resume<A: Agent>(agent: A, tenant: &str, task_id: &str) -> Result<(), String> {
    wstd::runtime::block_on(async move {
        Server::new(agent, Rc::new(Wasi))
            .resume(tenant, task_id)
            .await
    })
}

/// What a webhook is sent whose client speaks an older version.
///
/// # Errors
/// See [`Server::notification`].
pub fn notification<A: Agent>(
    agent: A,
    tenant: &str,
    task_id: &str,
    protocol_version: &str,
) -> Result<Vec<u8>, String> {
    Server::new(agent, Rc::new(Wasi)).notification(tenant, task_id, protocol_version)
}

/// The whole request, or the answer to one whose body is over the limit.
async fn read(request: wasi::IncomingRequest) -> Result<Request<Vec<u8>>, Answer> {
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers().entries() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&value))
        {
            headers.append(name, value);
        }
    }
    let limit = store::get("attache_max_body")
        .ok()
        .flatten()
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(MAX_BODY);
    let announced = headers.get(http::header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut http = Request::new(Vec::new());
    *http.method_mut() = method(&request.method());
    *http.uri_mut() = uri(&request);
    *http.headers_mut() = headers;
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(&http, limit));
    }
    if let Ok(body) = request.consume()
        && let Ok(stream) = body.stream()
    {
        let Some(bytes) = read_all(&stream, announced.unwrap_or(0), limit).await else {
            return Err(too_large(&http, limit));
        };
        *http.body_mut() = bytes;
    }
    Ok(http)
}

/// None for a body over the limit.
async fn read_all(stream: &InputStream, announced: usize, limit: usize) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(announced);
    let ready = std::cell::OnceCell::new();
    loop {
        match stream.read(CHUNK) {
            Ok(chunk) if chunk.is_empty() => {
                ready
                    .get_or_init(|| AsyncPollable::new(stream.subscribe()))
                    .wait_for()
                    .await;
            }
            Ok(chunk) => {
                if body.len() + chunk.len() > limit {
                    return None;
                }
                body.extend_from_slice(&chunk);
            }
            // A client that breaks off has sent what it has sent: the parser says what is missing.
            Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => return Some(body),
        }
    }
}

fn method(method: &wasi::Method) -> Method {
    match method {
        wasi::Method::Get => Method::GET,
        wasi::Method::Head => Method::HEAD,
        wasi::Method::Post => Method::POST,
        wasi::Method::Put => Method::PUT,
        wasi::Method::Delete => Method::DELETE,
        wasi::Method::Connect => Method::CONNECT,
        wasi::Method::Options => Method::OPTIONS,
        wasi::Method::Trace => Method::TRACE,
        wasi::Method::Patch => Method::PATCH,
        wasi::Method::Other(name) => Method::from_bytes(name.as_bytes()).unwrap_or(Method::TRACE),
    }
}

fn uri(request: &wasi::IncomingRequest) -> Uri {
    let path = request.path_with_query().filter(|p| p.starts_with('/'));
    let path = path.unwrap_or_else(|| "/".to_owned());
    let scheme = match request.scheme() {
        Some(wasi::Scheme::Https) => "https",
        _ => "http",
    };
    request
        .authority()
        .and_then(|authority| {
            Uri::builder()
                .scheme(scheme)
                .authority(authority)
                .path_and_query(path.as_str())
                .build()
                .ok()
        })
        .or_else(|| path.parse().ok())
        .unwrap_or_else(|| Uri::from_static("/"))
}

async fn send(answer: Answer, out: wasi::ResponseOutparam) {
    let after = async {
        if let Some(after) = answer.after {
            after.await;
        }
    };
    let (head, body) = answer.response.into_parts();
    let headers = fields(&head.headers);
    // A 204 or 304 has no body to measure.
    let measured = !matches!(head.status.as_u16(), 204 | 304);
    if let (Body::Full(bytes), true) = (&body, measured) {
        let length = bytes.len().to_string().into_bytes();
        let _ = headers.set(http::header::CONTENT_LENGTH.as_str(), &[length]);
    }
    let response = wasi::OutgoingResponse::new(headers);
    // A status that http takes is one that WASI takes.
    let _ = response.set_status_code(head.status.as_u16());
    let Ok(outgoing) = response.body() else {
        return after.await;
    };
    match body {
        Body::Full(bytes) => {
            let Ok(stream) = outgoing.write() else {
                return after.await;
            };
            let written = write_now(&stream, &bytes).unwrap_or(bytes.len());
            wasi::ResponseOutparam::set(out, Ok(response));
            let rest = async {
                let rest = bytes.get(written..).unwrap_or_default();
                if write_all(&stream, rest).await.is_ok() {
                    drop(stream);
                    let _ = wasi::OutgoingBody::finish(outgoing, None);
                }
            };
            join(rest, after).await;
        }
        Body::Stream(mut pieces) => {
            wasi::ResponseOutparam::set(out, Ok(response));
            let Ok(stream) = outgoing.write() else {
                return after.await;
            };
            let body = async {
                let mut trailers = None;
                while let Some(piece) = pieces.next().await {
                    let bytes = match piece {
                        Piece::Data(bytes) => bytes,
                        Piece::Trailers(headers) => {
                            trailers = Some(self::fields(&headers));
                            break;
                        }
                    };
                    if write_all(&stream, &bytes).await.is_err() {
                        // The client has gone. The task goes on, and so does its log.
                        return;
                    }
                }
                drop(stream);
                let _ = wasi::OutgoingBody::finish(outgoing, trailers);
            };
            // The agent first: what it emits then leaves in the same round.
            join(after, body).await;
        }
    }
}

fn fields(headers: &HeaderMap) -> wasi::Fields {
    let fields = wasi::Fields::new();
    for (name, value) in headers {
        // The engine sets no header that WASI forbids.
        let _ = fields.append(name.as_str(), value.as_bytes());
    }
    fields
}

/// Writes what can be written without waiting.
fn write_now(stream: &OutputStream, bytes: &[u8]) -> Result<usize, StreamError> {
    let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
    let now = bytes.get(..room.min(bytes.len())).unwrap_or_default();
    if !now.is_empty() {
        stream.write(now)?;
    }
    Ok(now.len())
}

/// Writes everything, and lets it leave at once.
async fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    let ready = std::cell::OnceCell::new();
    let wait = || async {
        ready
            .get_or_init(|| AsyncPollable::new(stream.subscribe()))
            .wait_for()
            .await;
    };
    let flush = !bytes.is_empty();
    while !bytes.is_empty() {
        let written = write_now(stream, bytes)?;
        bytes = bytes.get(written..).unwrap_or_default();
        if written == 0 {
            wait().await;
        }
    }
    if flush {
        stream.flush()?;
    }
    Ok(())
}
