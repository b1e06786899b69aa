//! One request: what Spin adds to it, and how its handler runs.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme as UriScheme};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::state::{Shared, State};

/// Paths that Spin answers itself.
const RESERVED: &str = "/.well-known/spin/";
/// The only route that this harness serves.
const ROUTE: &str = "/...";

/// What serves requests; cheap to share.
pub(crate) struct Handler {
    pub(crate) name: String,
    pub(crate) pre: ProxyPre<State>,
    pub(crate) shared: Shared,
}

/// Why a request got no answer at all: Spin closes the connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unanswered(String);

impl Handler {
    pub(crate) async fn respond(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response<HyperOutgoingBody>, Unanswered> {
        if let Some(name) = request.uri().path().strip_prefix(RESERVED) {
            return Ok(self.well_known(name));
        }
        let request = prepare(request, client).inspect_err(|error| {
            self.shared
                .log
                .line(format_args!("request refused: {error}"));
        })?;
        Ok(self.run(request).await.unwrap_or_else(|error| {
            self.shared
                .log
                .line(format_args!("Error processing request: {error:?}"));
            answer(StatusCode::INTERNAL_SERVER_ERROR, "")
        }))
    }

    fn well_known(&self, name: &str) -> Response<HyperOutgoingBody> {
        match name {
            "health" => answer(StatusCode::OK, "OK"),
            "info" => {
                let info = serde_json::json!({ "name": self.name });
                let mut response = answer(StatusCode::OK, format!("{info:#}"));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert("content-type", json);
                response
            }
            _ => answer(StatusCode::NOT_FOUND, ""),
        }
    }

    /// The guest runs in a task of its own, which nobody cancels: neither the answer nor a client
    /// that goes away ends it.
    async fn run(
        &self,
        request: Request<Incoming>,
    ) -> wasmtime::Result<Response<HyperOutgoingBody>> {
        let mut store = Store::new(self.pre.engine(), State::new(&self.shared));
        let proxy = self.pre.instantiate_async(&mut store).await?;
        let (sender, receiver) = oneshot::channel();
        let request = store
            .data_mut()
            .http()
            .new_incoming_request(Scheme::Http, request)?;
        let out = store.data_mut().http().new_response_outparam(sender)?;
        let guest = tokio::spawn(async move {
            proxy
                .wasi_http_incoming_handler()
                .call_handle(&mut store, request, out)
                .await
        });
        let Ok(response) = receiver.await else {
            guest.await??;
            wasmtime::bail!("guest failed to produce a response prior to returning");
        };
        let log = self.shared.log.clone();
        tokio::spawn(async move {
            // A failure now cannot be told to the client: the body just ends.
            let failure = match guest.await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => format!("{error:?}"),
                Err(error) => error.to_string(),
            };
            log.line(format_args!(
                "Component error after response started: {failure}"
            ));
        });
        Ok(response?)
    }
}

fn answer(status: StatusCode, body: impl Into<Bytes>) -> Response<HyperOutgoingBody> {
    let body = Full::new(body.into()).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response
}

/// Makes the URI absolute and adds Spin's headers.
fn prepare(
    mut request: Request<Incoming>,
    client: SocketAddr,
) -> Result<Request<Incoming>, Unanswered> {
    let authority = authority(request.uri(), request.headers())?;
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(UriScheme::HTTP);
    parts.authority = Some(authority);
    let uri = Uri::from_parts(parts).map_err(|error| Unanswered(format!("the URI: {error}")))?;

    let host = match request.headers().get(HOST) {
        Some(host) => String::from_utf8_lossy(host.as_bytes()).into_owned(),
        None => "localhost".to_owned(),
    };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let added = [
        ("spin-path-info", uri.path().to_owned()),
        ("spin-full-url", format!("http://{host}{target}")),
        ("spin-matched-route", ROUTE.to_owned()),
        ("spin-base-path", "/".to_owned()),
        ("spin-raw-component-route", ROUTE.to_owned()),
        ("spin-component-route", String::new()),
        ("spin-client-addr", client.to_string()),
    ];
    for (name, value) in added {
        let value = HeaderValue::from_str(&value)
            .map_err(|error| Unanswered(format!("header {name}: {error}")))?;
        // Added, not replaced: a client can send these too, which is one reason not to trust them.
        request
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
    *request.uri_mut() = uri;
    Ok(request)
}

fn authority(uri: &Uri, headers: &HeaderMap) -> Result<Authority, Unanswered> {
    let from_header = headers
        .get(HOST)
        .map(|host| {
            host.to_str()
                .ok()
                .and_then(|host| host.parse::<Authority>().ok())
                .ok_or_else(|| Unanswered(format!("the Host header {host:?} is no authority")))
        })
        .transpose()?;
    match (from_header, uri.authority().cloned()) {
        (None, None) => Err(Unanswered("no Host header".to_owned())),
        (Some(host), Some(target)) if host != target => Err(Unanswered(format!(
            "the Host header says {host} but the URI says {target}"
        ))),
        (Some(found), _) | (None, Some(found)) => Ok(found),
    }
}
