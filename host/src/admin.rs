//! The admin port: what an operator asks of the process, apart from what callers do.
//!
//! It listens on an address of its own, so that no path of it can be reached through the public one,
//! and it has no authentication: whoever reaches the address is an operator. That is why it is off
//! unless it is asked for, and on this machine only unless an address is given. Pages in a browser
//! on that machine are not operators: what carries an `Origin` is refused.

mod agents;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::telemetry::metrics::{Prometheus, TEXT};

/// Connections at the same time; the next waits to be accepted.
const CONNECTIONS: usize = 64;
/// How long a connection may take for the head of its next request.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_BODY: usize = 64 << 10;
/// A pause after an error that is not the connection's own.
const BREATHER: Duration = Duration::from_millis(50);

type Answering = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;
type Handler = Arc<dyn Fn(Request<Bytes>) -> Answering + Send + Sync>;

/// An admin port that listens. [`Admin::serve`] does the rest.
pub struct Admin {
    listener: TcpListener,
    routes: Routes,
}

/// What is answered under each path, by method.
type Routes = BTreeMap<String, BTreeMap<String, Handler>>;

impl Admin {
    /// Listens on `address`. There are no routes yet.
    ///
    /// # Errors
    /// When the address is taken, or not this machine's.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            routes: BTreeMap::new(),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers `method` under exactly `path` by `answer`, with a body of at most 64 KiB.
    #[must_use]
    pub fn route<F, A>(mut self, method: &Method, path: impl Into<String>, answer: F) -> Self
    where
        F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |request| Box::pin(answer(request)));
        let methods = self.routes.entry(path.into()).or_default();
        methods.insert(method.to_string(), handler);
        self
    }

    /// Shows metrics under `/metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: Prometheus) -> Self {
        self.route(&Method::GET, "/metrics", move |_| {
            let answer = match metrics.text() {
                Ok(text) => of_text(StatusCode::OK, TEXT, text),
                Err(error) => {
                    warn!("{error}");
                    refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
                }
            };
            std::future::ready(answer)
        })
    }

    /// Serves until it is dropped.
    pub async fn serve(self) {
        let routes = Arc::new(self.routes);
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            // The semaphore is never closed.
            let Ok(place) = room.clone().acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let connection = connection(stream, routes.clone());
                    tokio::spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    debug!("a connection to the admin port is not accepted: {error}");
                    tokio::time::sleep(BREATHER).await;
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, routes: Arc<Routes>) {
    let answer = service_fn(move |request| {
        let routes = routes.clone();
        async move { Ok::<_, Infallible>(answer(&routes, request).await.map(Full::new)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        debug!("a connection to the admin port ended early: {error}");
    }
}

async fn answer(routes: &Routes, request: Request<Incoming>) -> Response<Bytes> {
    if request.headers().contains_key(ORIGIN) {
        return refused(StatusCode::FORBIDDEN, "pages in a browser are not answered");
    }
    let Some(methods) = routes.get(request.uri().path()) else {
        let paths: Vec<_> = routes.keys().map(String::as_str).collect();
        let there_are = format!("there are: {}", paths.join(", "));
        return refused(StatusCode::NOT_FOUND, &there_are);
    };
    let Some(handler) = methods.get(request.method().as_str()) else {
        let allowed: Vec<_> = methods.keys().map(String::as_str).collect();
        let allowed = allowed.join(", ");
        let use_these = format!("use {allowed}");
        let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, &use_these);
        if let Ok(allowed) = HeaderValue::try_from(allowed) {
            response.headers_mut().insert(ALLOW, allowed);
        }
        return response;
    };
    let (head, body) = request.into_parts();
    match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => handler(Request::from_parts(head, body.to_bytes())).await,
        Err(_) => refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is larger than 64KiB, or broke off",
        ),
    }
}

/// A refusal in one line.
fn refused(status: StatusCode, why: &str) -> Response<Bytes> {
    of_text(status, "text/plain; charset=utf-8", format!("{why}\n"))
}

fn of_text(status: StatusCode, media_type: &'static str, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
