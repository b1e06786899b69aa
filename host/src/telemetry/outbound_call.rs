//! What is seen of a request that leaves the host: its span, and how long a model took.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

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

/// What an instance's requests to models show. It counts when the instance ends, unless the component
/// told of its calls by itself: it knows tokens and which attempts belong together.
#[derive(Debug, Default)]
pub(crate) struct ModelCalls(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    is_told: bool,
    calls: Vec<ModelRequest>,
}

#[derive(Debug)]
struct ModelRequest {
    sender: Span,
    path: String,
    status: Option<u16>,
    took: Duration,
}

impl ModelCalls {
    /// The component tells of its calls.
    pub(crate) fn tell(&self) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_told = true;
        seen.calls = Vec::new();
    }

    fn add(&self, request: ModelRequest) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.is_told {
            seen.calls.push(request);
        }
    }
}

impl Drop for ModelCalls {
    fn drop(&mut self) {
        let seen = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        seen.calls.drain(..).for_each(ModelRequest::count);
    }
}

impl ModelRequest {
    fn count(self) {
        metrics::model(&self.sender, &self.path, self.status, self.took);
        if self.status.is_none_or(|status| status >= 400) {
            self.sender.in_scope(|| metrics::error(ErrorKind::Llm));
        }
    }
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
    /// Where calls of models are kept until it is known who tells of them.
    calls: Option<Arc<ModelCalls>>,
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
            calls: None,
        }
    }

    /// Its component may tell of it.
    pub(crate) fn of_component(mut self, calls: &Arc<ModelCalls>) -> Self {
        self.calls = Some(calls.clone());
        self
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
        let Some(path) = self.model.take() else {
            return;
        };
        let request = ModelRequest {
            sender: self.sender.clone(),
            path,
            status: self.status,
            took: self.began.elapsed(),
        };
        match &self.calls {
            Some(calls) => calls.add(request),
            None => request.count(),
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
