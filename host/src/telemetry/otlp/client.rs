use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Limited};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::metadata::Metadata;
use crate::outbound::{Network, Outbound};

/// How long one export may take.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: usize = 64 << 10;

/// The collector of traces and metrics, as the SDK's threads see it.
pub(crate) struct Collector {
    sender: Sender,
    runtime: Handle,
}

#[derive(Clone)]
struct Sender {
    outbound: Outbound,
    /// For Google: whose token, and the project that pays.
    google: Option<(Metadata, Option<String>)>,
}

/// Said once, until it works again: batches come every few seconds.
static FAILING: AtomicBool = AtomicBool::new(false);

impl Collector {
    pub(super) fn new(google: Option<(Metadata, Option<String>)>, network: Network) -> Self {
        Self {
            sender: Sender {
                outbound: Outbound::of_operator(network),
                google,
            },
            runtime: Handle::current(),
        }
    }
}

impl Sender {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        if let Some((metadata, project)) = &self.google {
            let token = metadata.access_token().await;
            let token = token.map_err(|error| error.to_string())?;
            let unreadable = |_| "the access token cannot be sent in a header".to_owned();
            let mut token = HeaderValue::try_from(format!("Bearer {token}")).map_err(unreadable)?;
            token.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, token);
            let project = project.as_deref().map(HeaderValue::try_from);
            if let Some(Ok(project)) = project {
                request.headers_mut().insert("x-goog-user-project", project);
            }
        }
        let response = self.outbound.call(request).await;
        let response = response.map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        Ok(Response::from_parts(head, body))
    }

    async fn export(self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let sent = timeout(PATIENCE, self.send(request)).await;
        let sent = sent.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")));
        let trouble = match &sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answered {}", response.status())),
            Err(why) => Some(why.clone()),
        };
        match trouble {
            Some(why) if !FAILING.swap(true, Ordering::Relaxed) => warn!(
                "traces and metrics do not reach the collector that OTEL_EXPORTER_OTLP_ENDPOINT \
                 (--otlp-endpoint) names: {why}"
            ),
            None if FAILING.swap(false, Ordering::Relaxed) => {
                info!("traces and metrics reach the collector again");
            }
            _ => {}
        }
        sent
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Called on threads without a runtime, so it is sent on the process's own.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (done, sent) = oneshot::channel();
        let exporting = self.sender.clone().export(request);
        self.runtime.spawn(async move {
            let _ = done.send(exporting.await);
        });
        match sent.await {
            Ok(sent) => sent.map_err(HttpError::from),
            Err(_) => Err(HttpError::from("the process ends")),
        }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}
