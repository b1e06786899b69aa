use std::net::IpAddr;
use std::time::Instant;

use http::header::{CONTENT_LENGTH, USER_AGENT};
use http::{Method, Request, Response, Version};
use tracing::Span;

use super::reply::ReplyBody;
use crate::telemetry::metrics::RequestMeter;
use crate::telemetry::{Access, set_called};

/// What a client that left before its answer is logged with; no response carries it.
const CLIENT_LEFT: u16 = 499;

/// Logs one request when it has ended, however it ends: it is moved from the request to its
/// response's body, and dropped with that.
#[derive(Debug)]
pub(super) struct AccessLog {
    method: Method,
    path: String,
    version: Version,
    user_agent: String,
    remote: String,
    began: Instant,
    meter: RequestMeter,
    span: Span,
    status: u16,
    bytes: u64,
    /// How many bytes the response said that it has: nobody asks such a body for its end.
    declared: Option<u64>,
    broken: Option<&'static str>,
    quiet: bool,
}

impl AccessLog {
    pub(super) fn begin<B>(request: &Request<B>, client: IpAddr, span: Span) -> Self {
        let user_agent = request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        set_called(&span, request.method().as_str(), request.uri().path());
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            version: request.version(),
            user_agent: user_agent.unwrap_or_default().to_owned(),
            remote: client.to_string(),
            began: Instant::now(),
            meter: RequestMeter::begin(request),
            span,
            status: CLIENT_LEFT,
            bytes: 0,
            declared: None,
            broken: Some("the client left before the answer"),
            quiet: false,
        }
    }

    /// For requests that are only worth a line when they fail.
    pub(super) fn at_debug(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Goes with the response.
    pub(super) fn follow(mut self, response: Response<ReplyBody>) -> Response<ReplyBody> {
        self.status = response.status().as_u16();
        self.meter.answered(&response);
        self.declared = response
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        let whole = self.method == Method::HEAD || http_body::Body::is_end_stream(response.body());
        self.broken = (!whole).then_some("the client left before the end");
        response.map(|body| body.logged_by(self))
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.meter.sent(&self.span);
        if self.declared == Some(self.bytes) {
            self.complete();
        }
    }

    pub(super) fn complete(&mut self) {
        self.broken = None;
    }

    pub(super) fn broken(&mut self, why: &'static str) {
        self.broken = Some(why);
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        if self.quiet && self.status < 400 {
            return;
        }
        let latency = self.began.elapsed();
        if !self.quiet {
            self.meter.end(self.status, latency, &self.span);
        }
        let protocol = format!("{:?}", self.version);
        let access = Access {
            method: self.method.as_str(),
            path: &self.path,
            transport: self.meter.transport(),
            protocol: &protocol,
            user_agent: &self.user_agent,
            remote: &self.remote,
            status: self.status,
            bytes: self.bytes,
            latency,
            broken: self.broken,
        };
        self.span.in_scope(|| access.log());
        access.end(&self.span);
    }
}
