//! What is measured of a request: told by its head and its response, never by its body.

use std::time::{Duration, Instant};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use opentelemetry::KeyValue;
use tracing::Span;

use super::gauges::{Counted, stream};
use super::{ErrorKind, instruments, labels};
use crate::telemetry::request::count_error;

/// The paths of an agent card, after the prefix of an agent.
const CARDS: [&str; 2] = ["agent-card.json", "agent.json"];

/// Measures one request until its response has ended.
#[derive(Debug)]
pub(crate) struct RequestMeter {
    began: Instant,
    transport: &'static str,
    version: &'static str,
    card: Option<&'static str>,
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    opened: Instant,
    is_silent: bool,
    _open: Counted,
}

impl RequestMeter {
    pub(crate) fn begin<B>(request: &Request<B>) -> Self {
        let card = card(request.uri().path());
        Self {
            began: Instant::now(),
            transport: match card {
                Some(_) => "card",
                None => transport(request.method(), request.uri().path(), request.headers()),
            },
            version: version(request.headers()),
            card,
            stream: None,
        }
    }

    /// In which binding of A2A the client speaks.
    pub(crate) fn transport(&self) -> &'static str {
        self.transport
    }

    pub(crate) fn answered<B>(&mut self, response: &Response<B>) {
        if is(response.headers(), "text/event-stream") {
            self.stream = Some(Stream {
                opened: Instant::now(),
                is_silent: true,
                _open: stream(),
            });
        }
    }

    /// Some bytes of the response left.
    pub(crate) fn sent(&mut self, span: &Span) {
        let Some(stream) = self.stream.as_mut().filter(|stream| stream.is_silent) else {
            return;
        };
        stream.is_silent = false;
        if let Some(instruments) = instruments() {
            let labels = labels(span, [KeyValue::new("transport", self.transport)]);
            let waited = self.began.elapsed().as_secs_f64();
            instruments.first_event.record(waited, &labels);
        }
    }

    pub(crate) fn end(&mut self, status: u16, latency: Duration, span: &Span) {
        let stream = self.stream.take();
        let Some(instruments) = instruments() else {
            return;
        };
        let request = [
            KeyValue::new("transport", self.transport),
            KeyValue::new("protocol_version", self.version),
            KeyValue::new("code", i64::from(status)),
        ];
        let seconds = latency.as_secs_f64();
        instruments.requests.record(seconds, &labels(span, request));
        if let Some(path) = self.card {
            let card = [
                KeyValue::new("path", path),
                KeyValue::new("status", i64::from(status)),
            ];
            instruments.cards.add(1, &labels(span, card));
        }
        if let Some(stream) = stream {
            let labels = labels(span, [KeyValue::new("transport", self.transport)]);
            let open = stream.opened.elapsed().as_secs_f64();
            instruments.streams.record(open, &labels);
        }
        if let Some(kind) = ErrorKind::of_status(status) {
            // What caused it may be counted already, with more knowledge.
            count_error(span, kind);
        }
    }
}

fn card(path: &str) -> Option<&'static str> {
    let (_, name) = path.rsplit_once("/.well-known/")?;
    CARDS.into_iter().find(|card| *card == name)
}

fn transport(method: &Method, path: &str, headers: &HeaderMap) -> &'static str {
    if is(headers, "application/grpc") {
        return "grpc";
    }
    let below = path.strip_prefix("/agents/").map_or(path, |agent| {
        agent.split_once('/').map_or("", |(_, below)| below)
    });
    if method == Method::POST && matches!(below, "" | "/") {
        "jsonrpc"
    } else {
        "http_json"
    }
}

/// Clients of 0.3 do not say so.
fn version(headers: &HeaderMap) -> &'static str {
    match headers.get("a2a-version").map(|value| value.as_bytes()) {
        Some(b"1.0") => "1.0",
        Some(b"0.3") | None => "0.3",
        Some(_) => "other",
    }
}

fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let value = headers.get(CONTENT_TYPE);
    value.is_some_and(|value| value.as_bytes().starts_with(media_type.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(method: &str, path: &str, content_type: &str) -> RequestMeter {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, content_type)
            .header("a2a-version", "1.0")
            .body(())
            .unwrap();
        RequestMeter::begin(&request)
    }

    #[test]
    fn the_binding_is_told_by_the_head() {
        for (method, path, content_type, transport) in [
            ("POST", "/", "application/json", "jsonrpc"),
            ("POST", "/agents/a", "application/json", "jsonrpc"),
            ("POST", "/agents/a/", "application/json", "jsonrpc"),
            ("POST", "/message:send", "application/json", "http_json"),
            ("GET", "/agents/a/tasks/1", "", "http_json"),
            (
                "POST",
                "/lf.a2a.v1.A2AService/SendMessage",
                "application/grpc+proto",
                "grpc",
            ),
            ("GET", "/.well-known/agent-card.json", "", "card"),
            ("GET", "/agents/a/.well-known/agent.json", "", "card"),
        ] {
            let meter = meter(method, path, content_type);
            assert_eq!(meter.transport(), transport, "{method} {path}");
            assert_eq!(meter.version, "1.0");
        }
    }
}
