use std::time::Duration;

use opentelemetry::KeyValue;
use tracing::Span;

use super::record::ACCESS;
use super::spans;

/// What is logged about a request when it has ended.
#[derive(Debug)]
pub struct Access<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without the query: queries may carry secrets.
    pub path: &'a str,
    /// The binding of A2A that the client speaks.
    pub transport: &'static str,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: &'a str,
    /// Who the client says it is.
    pub user_agent: &'a str,
    /// The address of the client, as far as a trusted proxy told it.
    pub remote: &'a str,
    /// The status of the response.
    pub status: u16,
    /// Bytes of the response's body.
    pub bytes: u64,
    /// From the request's head to the response's end.
    pub latency: Duration,
    /// What came between, when the response did not end well.
    pub broken: Option<&'static str>,
}

impl Access<'_> {
    /// Ends the span of the request in its trace.
    pub fn end(&self, span: &Span) {
        spans::end(span, || {
            let size = i64::try_from(self.bytes).unwrap_or(i64::MAX);
            spans::Ended {
                name: format!("{} {}", self.method, self.transport),
                attributes: vec![
                    KeyValue::new("http.request.method", self.method.to_owned()),
                    KeyValue::new("url.path", self.path.to_owned()),
                    KeyValue::new("a2a.transport", self.transport),
                    KeyValue::new("http.response.status_code", i64::from(self.status)),
                    KeyValue::new("http.response.body.size", size),
                    KeyValue::new("user_agent.original", self.user_agent.to_owned()),
                    KeyValue::new("client.address", self.remote.to_owned()),
                ],
                failed: self.broken.or((self.status >= 500).then_some("")),
            }
        });
    }

    /// Logs it: server errors as warnings, since what caused them was logged as an error.
    pub fn log(&self) {
        let latency_us = u64::try_from(self.latency.as_micros()).unwrap_or(u64::MAX);
        macro_rules! event {
            ($level:ident) => {
                tracing::$level!(
                    target: ACCESS,
                    method = self.method,
                    path = self.path,
                    protocol = self.protocol,
                    user_agent = self.user_agent,
                    remote = self.remote,
                    status = self.status,
                    bytes = self.bytes,
                    latency_us,
                    broken = self.broken,
                )
            };
        }
        if self.status >= 500 {
            event!(warn)
        } else {
            event!(info)
        }
    }
}
