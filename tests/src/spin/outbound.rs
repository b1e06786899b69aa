//! `wasi:http/outgoing-handler`: requests to allowed hosts, over a pooled client, as Spin sends them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::hosts::Pattern;

/// Spin's own, for connecting, for the head and between two frames.
const TIMEOUT: Duration = Duration::from_secs(600);

type HttpClient = Client<HttpsConnector<HttpConnector>, WasiBody>;
type Sent = Result<
    (
        http::Response<WasiBody>,
        Box<dyn Future<Output = Result<(), Error>> + Send>,
    ),
    Error,
>;

/// The way out, shared by all requests of an application.
#[derive(Clone)]
pub(crate) struct Outbound {
    client: HttpClient,
    allowed: Arc<[Pattern]>,
    /// Where the application itself listens.
    origin: Authority,
}

impl Outbound {
    pub(crate) fn new(allowed: Vec<Pattern>, origin: Authority) -> Self {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_all_versions()
            .build();
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            allowed: allowed.into(),
            origin,
        }
    }

    /// Checks the destination, and turns a request without an authority (wasmtime writes its scheme
    /// and an empty host) into one to the application itself.
    fn admit(&self, request: &mut http::Request<WasiBody>) -> Result<(), Error> {
        // The client writes the header anew; some servers refuse it on HTTP/2.
        request.headers_mut().remove(HOST);
        let to_self = request
            .uri()
            .host()
            .is_none_or(|host| host.is_empty() || host == "self.alt");
        if !to_self {
            return if self.allowed.iter().any(|one| one.allows(request.uri())) {
                Ok(())
            } else {
                Err(Error::HttpRequestDenied)
            };
        }
        if !self.allowed.iter().any(Pattern::allows_self) {
            return Err(Error::HttpRequestDenied);
        }
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = http::Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.origin.clone())
            .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        Ok(())
    }

    async fn send(
        self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Sent {
        self.admit(&mut request)?;
        let options = options.unwrap_or_default();
        let response = tokio::time::timeout(
            options.first_byte_timeout.unwrap_or(TIMEOUT),
            self.client.request(request),
        )
        .await
        .map_err(|_| Error::ConnectionReadTimeout)?
        .map_err(|error| {
            if error.is_connect() {
                Error::ConnectionRefused
            } else {
                Error::HttpProtocolError
            }
        })?;
        let between = options.between_bytes_timeout.unwrap_or(TIMEOUT);
        let response = response.map(|body| Timed::new(body, between).boxed_unsync());
        Ok((response, Box::new(std::future::ready(Ok(())))))
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        Box::new(self.clone().send(request, options))
    }
}

/// A body that fails when nothing arrives for a while.
struct Timed {
    body: hyper::body::Incoming,
    allowed: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    fn new(body: hyper::body::Incoming, allowed: Duration) -> Self {
        Self {
            body,
            allowed,
            waiting: None,
        }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let allowed = self.allowed;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(allowed)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
