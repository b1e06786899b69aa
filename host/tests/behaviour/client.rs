//! HTTP clients that show everything and hide nothing.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::process::{Host, PATIENCE};

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// A whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    H2c,
}

pub(crate) fn empty() -> Body {
    Empty::new().boxed()
}

pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed()
}

pub(crate) fn request(host: &Host, protocol: Protocol, path: &str) -> http::request::Builder {
    match protocol {
        Protocol::Http1 => Request::builder()
            .uri(path)
            .header("host", host.address.to_string()),
        Protocol::H2c => Request::builder().uri(host.url(path)),
    }
}

/// Sends a request over a connection of its own and waits for the head of the response.
pub(crate) async fn send(
    address: SocketAddr,
    protocol: Protocol,
    request: Request<Body>,
) -> hyper::Result<Response<Incoming>> {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let response = async {
        match protocol {
            Protocol::Http1 => {
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(stream).await?;
                tokio::spawn(connection);
                sender.send_request(request).await
            }
            Protocol::H2c => {
                let (mut sender, connection) =
                    hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(connection);
                sender.send_request(request).await
            }
        }
    };
    in_time(response).await
}

pub(crate) async fn get(host: &Host, path: &str) -> Answer {
    exchange(host, Protocol::Http1, path, Method::GET, empty()).await
}

/// The config keys that the component sees, without the date of the deployment.
pub(crate) async fn keys(host: &Host) -> String {
    let keys = get(host, "/config").await.text;
    let others: Vec<_> = keys
        .lines()
        .filter(|line| !line.starts_with("attache_deployed_at="))
        .collect();
    others.join("\n")
}

pub(crate) async fn post(host: &Host, path: &str, body: Body) -> Answer {
    exchange(host, Protocol::Http1, path, Method::POST, body).await
}

pub(crate) async fn exchange(
    host: &Host,
    protocol: Protocol,
    path: &str,
    method: Method,
    body: Body,
) -> Answer {
    let request = request(host, protocol, path)
        .method(method)
        .body(body)
        .unwrap();
    whole(send(host.address, protocol, request).await.unwrap()).await
}

pub(crate) async fn whole(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let bytes = in_time(body.collect()).await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer {
        status: head.status,
        headers: head.headers,
        text,
    }
}

/// The next piece of a body that is not empty; none at its end.
pub(crate) async fn piece(body: &mut Incoming) -> Option<hyper::Result<String>> {
    loop {
        let text = match in_time(body.frame()).await? {
            Ok(frame) => String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap(),
            Err(error) => return Some(Err(error)),
        };
        if !text.is_empty() {
            return Some(Ok(text));
        }
    }
}

pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("this takes too long")
}

/// Looks until `is` is true of what `look` finds.
pub(crate) async fn until<T, F: Future<Output = T>>(
    look: impl Fn() -> F,
    is: impl Fn(&T) -> bool,
) -> T {
    in_time(async {
        loop {
            let found = look().await;
            if is(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}
