//! What is seen of a request that leaves the host: its span, and how long a model took.

use std::sync::OnceLock;
use std::time::Instant;

use http::{HeaderMap, Method, Uri};
use tracing::Span;

use super::metrics::{self, ErrorKind};
use super::spans::client_span;
use super::trace::traceparent;

/// Where Google serves models. Its regions have names in front, with a hyphen.
const MODEL_HOSTS: [&str; 2] = [
    "generativelanguage.googleapis.com",
    "aiplatform.googleapis.com",
];

/// Further hosts of models, as the deployment names them.
static MORE_MODEL_HOSTS: OnceLock<Vec<String>> = OnceLock::new();

pub(super) fn set_model_hosts(hosts: Vec<String>) {
    let _ = MORE_MODEL_HOSTS.set(hosts);
}

/// One request that leaves the host, until its answer was read or given up.
#[derive(Debug)]
pub(crate) struct OutboundCall {
    span: Span,
    /// The span of whoever sends it: its request is who pays for a failure.
    sender: Span,
    began: Instant,
    /// The path, when a model is asked.
    model: Option<String>,
    status: Option<u16>,
}

impl OutboundCall {
    /// Begins in the current span.
    pub(crate) fn begin(method: &Method, uri: &Uri) -> Self {
        let host = uri.host().unwrap_or_default();
        Self {
            span: client_span(method.as_str(), host, uri.port_u16()),
            sender: Span::current(),
            began: Instant::now(),
            model: is_model_host(host).then(|| uri.path().to_owned()),
            status: None,
        }
    }

    /// The span to send it in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone().or_current()
    }

    /// Puts what is asked for under this call. A header that the sender set itself stays when nothing is
    /// known that is better.
    pub(crate) fn hand_on(&self, headers: &mut HeaderMap) {
        if self.span.is_disabled() && headers.contains_key("traceparent") {
            return;
        }
        if let Some(value) = traceparent(&self.span()) {
            headers.insert("traceparent", value);
        }
    }

    /// The head of an answer came.
    pub(crate) fn answered(&mut self, status: u16) {
        self.status = Some(status);
        self.span
            .record("http.response.status_code", i64::from(status));
        if status >= 500 {
            self.span.record("error", "the other side failed");
        }
    }

    /// No answer came.
    pub(crate) fn failed(&self, why: &str) {
        self.span.record("error", why);
    }
}

impl Drop for OutboundCall {
    fn drop(&mut self) {
        let Some(path) = &self.model else { return };
        metrics::model(&self.sender, path, self.status, self.began.elapsed());
        if self.status.is_none_or(|status| status >= 400) {
            self.sender.in_scope(|| metrics::error(ErrorKind::Llm));
        }
    }
}

fn is_model_host(host: &str) -> bool {
    let is_googles = MODEL_HOSTS.iter().any(|known| {
        host.strip_suffix(known)
            .is_some_and(|region| region.is_empty() || region.ends_with('-'))
    });
    is_googles
        || MORE_MODEL_HOSTS
            .get()
            .is_some_and(|more| more.iter().any(|known| known == host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_their_host() {
        for host in [
            "generativelanguage.googleapis.com",
            "aiplatform.googleapis.com",
            "europe-west1-aiplatform.googleapis.com",
        ] {
            assert!(is_model_host(host), "{host}");
        }
        for host in [
            "example.com",
            "notaiplatform.googleapis.com",
            "googleapis.com",
        ] {
            assert!(!is_model_host(host), "{host}");
        }
    }
}
