//! A request on its way, over `wasi:http`.

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{Either, LocalBoxFuture, select};
use http::{HeaderMap, Method, StatusCode};
use wasip2::http::outgoing_handler;
use wasip2::http::types as wasi;
use wasip2::io::streams::StreamError;
use wstd::io::AsyncPollable;

use super::response::{Body, Response};
use super::{Request, SendError, within};

/// Writing what is left of a request's body. It is kept as long as the answer is read: to drop it would
/// break off the request.
pub(super) type Unsent = LocalBoxFuture<'static, Result<(), StreamError>>;

pub(super) async fn send(request: Request) -> Result<Response, SendError> {
    let host = request.host();
    let limits = request.limits;
    let ends = Instant::now() + limits.total;
    let to_head = (limits.connect + limits.first_byte).min(limits.total);
    let late = |waited| SendError::Timeout {
        host: host.clone(),
        waited,
    };
    let failed = |code: wasi::ErrorCode| SendError::of(&code, &host, to_head);

    let (outgoing, options) = outgoing(&request)?;
    let body = outgoing
        .body()
        .map_err(|()| SendError::unreachable(&host, "its body cannot be written"))?;
    let future = outgoing_handler::handle(outgoing, Some(options)).map_err(failed)?;
    let mut unsent: Option<Unsent> = Some(write(body, request.body).boxed_local());

    let head = within(to_head, async {
        let pollable = AsyncPollable::new(future.subscribe());
        let answered = pollable.wait_for().boxed_local();
        let answered = match unsent.take() {
            None => answered,
            Some(writing) => match select(writing, answered).await {
                // What could not be written, the answer explains.
                Either::Left((_, answered)) => answered,
                // An answer before all was said: an error, most likely.
                Either::Right((_, writing)) => {
                    unsent = Some(writing);
                    return;
                }
            },
        };
        answered.await;
    });
    if head.await.is_none() {
        return Err(late(to_head));
    }
    let response = match future.get() {
        Some(Ok(answer)) => answer.map_err(failed)?,
        Some(Err(())) | None => return Err(SendError::unreachable(&host, "it did not answer")),
    };
    let status = StatusCode::from_u16(response.status())
        .map_err(|_| SendError::unreachable(&host, "its status is none of HTTP"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in response.headers().entries() {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.try_into()) {
            headers.append(name, value);
        }
    }
    let body = Body::of(&response, unsent)
        .map_err(|()| SendError::unreachable(&host, "its answer cannot be read"))?;
    Ok(Response {
        status,
        headers,
        host,
        limits,
        ends,
        body: Some(body),
    })
}

fn outgoing(request: &Request) -> Result<(wasi::OutgoingRequest, wasi::RequestOptions), SendError> {
    let headers = wasi::Fields::new();
    for (name, value) in &request.headers {
        headers
            .append(name.as_str(), value.as_bytes())
            .map_err(|_| SendError::Header(name.to_string()))?;
    }
    if !request.body.is_empty() {
        // A host that forbids it counts by itself.
        let length = request.body.len().to_string().into_bytes();
        let _ = headers.set(http::header::CONTENT_LENGTH.as_str(), &[length]);
    }
    let outgoing = wasi::OutgoingRequest::new(headers);
    let scheme = match request.uri.scheme_str() {
        Some("http") => wasi::Scheme::Http,
        _ => wasi::Scheme::Https,
    };
    let authority = request.host();
    let path = request.uri.path_and_query().map(|path| path.as_str());
    outgoing
        .set_method(&method(&request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(&authority)))
        .and_then(|()| outgoing.set_path_with_query(path))
        .map_err(|()| SendError::Url(format!("{authority}{}", request.uri.path())))?;
    let options = wasi::RequestOptions::new();
    let nanos = |time: Duration| Some(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    // A host may know none of these; the limits are kept here, too.
    let _ = options.set_connect_timeout(nanos(request.limits.connect));
    let _ = options.set_first_byte_timeout(nanos(request.limits.first_byte));
    let _ = options.set_between_bytes_timeout(nanos(request.limits.between_bytes));
    Ok((outgoing, options))
}

fn method(method: &Method) -> wasi::Method {
    match method.as_str() {
        "GET" => wasi::Method::Get,
        "HEAD" => wasi::Method::Head,
        "POST" => wasi::Method::Post,
        "PUT" => wasi::Method::Put,
        "DELETE" => wasi::Method::Delete,
        "CONNECT" => wasi::Method::Connect,
        "OPTIONS" => wasi::Method::Options,
        "TRACE" => wasi::Method::Trace,
        "PATCH" => wasi::Method::Patch,
        other => wasi::Method::Other(other.to_owned()),
    }
}

async fn write(body: wasi::OutgoingBody, bytes: Vec<u8>) -> Result<(), StreamError> {
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| StreamError::Closed)?;
        let mut left = bytes.as_slice();
        while !left.is_empty() {
            let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
            let (now, later) = left.split_at(room.min(left.len()));
            if now.is_empty() {
                AsyncPollable::new(stream.subscribe()).wait_for().await;
                continue;
            }
            stream.write(now)?;
            left = later;
        }
        stream.flush()?;
    }
    let _ = wasi::OutgoingBody::finish(body, None);
    Ok(())
}
