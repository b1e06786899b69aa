//! The way out for traces and metrics: OTLP over HTTP, in protocol buffers.
//!
//! The SDK batches on threads of its own and drops what does not fit its queues, so a collector that is
//! slow or gone costs memory up to a bound and no request its time. Requests leave by the host's own
//! HTTP client ([`client`]), which also asks the metadata server for a fresh token where Google is the
//! collector: a header that is set once would end with its token, after an hour.

mod client;
mod resource;

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::{
    MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use super::StartError;
use crate::metadata::Metadata;
use crate::outbound::Network;
pub(super) use client::Collector;
pub(super) use resource::{Place, resource};

/// Where traces and metrics go, and which.
#[derive(Debug, Clone, Default)]
pub struct OtlpConfig {
    /// The URL for traces; none for no traces.
    pub traces: Option<Uri>,
    /// The URL for metrics; none for no metrics.
    pub metrics: Option<Uri>,
    /// Which traces are recorded.
    pub sampling: Sampling,
    /// Send the access token of the service, as Google's collector wants it.
    pub google_auth: bool,
}

impl OtlpConfig {
    /// Whether anything is exported.
    pub fn is_on(&self) -> bool {
        self.traces.is_some() || self.metrics.is_some()
    }
}

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Of the traces that begin here, or of all.
    pub ratio: f64,
    /// Whether the caller's decision comes first.
    pub parent: bool,
}

/// All, unless the caller says otherwise.
impl Default for Sampling {
    fn default() -> Self {
        Self {
            ratio: 1.0,
            parent: true,
        }
    }
}

impl Sampling {
    fn sampler(self) -> Sampler {
        let own = if self.ratio >= 1.0 {
            Sampler::AlwaysOn
        } else {
            Sampler::TraceIdRatioBased(self.ratio)
        };
        if self.parent {
            Sampler::ParentBased(Box::new(own))
        } else {
            own
        }
    }
}

/// The client of a collector, which all signals share. Call it on the runtime that is to send.
pub(super) fn collector(
    config: &OtlpConfig,
    project: Option<&str>,
    metadata: &Metadata,
    network: &Network,
) -> Arc<Collector> {
    let google = config
        .google_auth
        .then(|| (metadata.clone(), project.map(str::to_owned)));
    Arc::new(Collector::new(google, network.clone()))
}

/// Makes traces and sends them.
pub(super) fn traces(
    config: &OtlpConfig,
    url: &Uri,
    resource: Resource,
    collector: Arc<dyn HttpClient>,
) -> Result<SdkTracerProvider, StartError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_shared_http_client(collector)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url.to_string())
        .build()
        .map_err(|error| StartError::exporter(&error))?;
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(config.sampling.sampler())
        .with_batch_exporter(exporter)
        .build())
}

/// Reads metrics now and then, and sends them.
pub(super) fn metrics(
    url: &Uri,
    collector: Arc<dyn HttpClient>,
) -> Result<PeriodicReader<MetricExporter>, StartError> {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_shared_http_client(collector)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url.to_string())
        .build()
        .map_err(|error| StartError::exporter(&error))?;
    Ok(PeriodicReader::builder(exporter).build())
}

/// What is not sent within this time at the end of the process is lost.
pub(super) const PARTING: Duration = Duration::from_secs(1);
