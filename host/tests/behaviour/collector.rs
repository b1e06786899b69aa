//! A collector of OpenTelemetry that keeps what it is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span as Sent;
use prost::Message;
use tokio::net::TcpListener;

use super::client::until;

pub(crate) struct Collector {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    spans: Vec<Span>,
    metrics: Vec<String>,
    resource: BTreeMap<String, String>,
    headers: Vec<HeaderMap>,
}

/// One span, as a reader of traces sees it.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) failed: bool,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            address: listener.local_addr().unwrap(),
            kept: Arc::default(),
        };
        let kept = collector.kept.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                let answer = service_fn(move |request| keep(kept.clone(), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        collector
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.kept.lock().unwrap().spans.clone()
    }

    pub(crate) fn metrics(&self) -> Vec<String> {
        self.kept.lock().unwrap().metrics.clone()
    }

    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        self.kept.lock().unwrap().resource.clone()
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.kept.lock().unwrap().headers.clone()
    }

    /// Waits for a span.
    pub(crate) async fn span(&self, is: impl Fn(&Span) -> bool) -> Span {
        let found = until(
            || async { self.spans().into_iter().find(&is) },
            Option::is_some,
        );
        found.await.unwrap()
    }
}

async fn keep(
    kept: Arc<Mutex<Kept>>,
    request: http::Request<Incoming>,
) -> hyper::Result<Response<Full<bytes::Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut kept = kept.lock().unwrap();
    assert_eq!(head.headers["content-type"], "application/x-protobuf");
    kept.headers.push(head.headers);
    match head.uri.path() {
        "/v1/traces" => {
            let sent = ExportTraceServiceRequest::decode(body).unwrap();
            for of_resource in sent.resource_spans {
                let resource = of_resource.resource.unwrap();
                kept.resource = attributes(resource.attributes);
                let scopes = of_resource.scope_spans;
                let spans = scopes.into_iter().flat_map(|scope| scope.spans);
                kept.spans.extend(spans.map(span));
            }
        }
        "/v1/metrics" => {
            let sent = ExportMetricsServiceRequest::decode(body).unwrap();
            let scopes = sent.resource_metrics.into_iter();
            let scopes = scopes.flat_map(|of_resource| of_resource.scope_metrics);
            let names = scopes.flat_map(|scope| scope.metrics);
            kept.metrics.extend(names.map(|metric| metric.name));
        }
        other => panic!("nothing is sent to {other}"),
    }
    Ok(Response::default())
}

fn span(sent: Sent) -> Span {
    Span {
        name: sent.name,
        trace: hex(&sent.trace_id),
        id: hex(&sent.span_id),
        parent: hex(&sent.parent_span_id),
        attributes: attributes(sent.attributes),
        failed: sent.status.is_some_and(|status| status.code == 2),
    }
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    pairs
        .into_iter()
        .map(|pair| (pair.key, text(pair.value.and_then(|value| value.value))))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
