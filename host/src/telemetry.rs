//! What the process says about itself: logs, metrics and traces.
//!
//! One layer collects an event with the request that it belongs to ([`record`]); two writers turn
//! that into a line: Cloud Logging's JSON on stdout ([`json`]), or text for people on stderr
//! ([`text`]). Bodies and headers are never logged, and of a URL only the path. What a component
//! prints comes in by [`guest_line`], and what fails badly by [`report`].
//!
//! [`metrics`] and traces ([`spans`]) cost next to nothing until somebody can read them: metrics on the
//! admin port or at a collector, traces at a collector ([`otlp`]).
//!
//! Lifetimes: [`Telemetry`] once per process, like all metrics; nothing per component; the span of a
//! request once per request.

mod access;
mod guest_line;
mod json;
mod layer;
mod limit;
mod lines;
pub mod metrics;
mod otlp;
mod outbound_call;
mod record;
mod redact;
mod report;
mod request;
mod spans;
mod text;
mod trace;

pub use access::Access;
pub(crate) use guest_line::guest_line;
pub use limit::Limit;
pub use otlp::{OtlpConfig, Sampling};
pub(crate) use outbound_call::{ModelCalls, OutboundCall};
pub(crate) use report::trapped;
pub use request::set_agent;
pub(crate) use request::{set_called, set_task};
pub use spans::request_span;
pub(crate) use spans::{
    chat_span, dispatch_span, guest_span, probe_span, push_span, store_span, tool_span, work_span,
};
pub(crate) use trace::hand_on;
pub use trace::{TraceContext, traceparent};

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::HttpClient;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::metadata::Metadata;
use crate::outbound::Network;
use layer::{LogLayer, Writer};
use metrics::Prometheus;
use otlp::Place;
use spans::SpanLayer;

/// The instrumentation scope of everything that is exported.
const SCOPE: &str = "attache-host";

/// How to write a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, on stderr.
    Text,
    /// For Cloud Logging, on stdout.
    Json,
}

/// What to log, and how.
#[derive(Debug)]
pub struct LogConfig {
    /// How to write a line.
    pub format: LogFormat,
    /// Which events to log, as `RUST_LOG` has it.
    pub filter: String,
}

/// What to say besides the log, and as whom.
#[derive(Debug, Clone, Default)]
pub struct TelemetryConfig {
    /// Where the admin port listens, if there is one.
    pub admin: Option<SocketAddr>,
    /// Who the process is.
    pub service: Service,
    /// Where traces and metrics go.
    pub otlp: OtlpConfig,
    /// Hosts of models besides Google's.
    pub model_hosts: Vec<String>,
}

/// The name under which a process is found in logs, traces and metrics.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// That of the Cloud Run service, or what the deployment calls it.
    pub name: String,
    /// The revision, or the version of the host.
    pub version: String,
}

impl Service {
    /// As Error Reporting has it.
    fn context(&self) -> Value {
        json!({ "service": self.name, "version": self.version })
    }
}

/// Why nothing can be exported.
#[derive(Debug, Error)]
#[error(
    "traces and metrics cannot be exported: {0}; OTEL_EXPORTER_OTLP_ENDPOINT (--otlp-endpoint) and \
     its siblings say where to and how"
)]
pub struct StartError(String);

impl StartError {
    fn exporter(error: &dyn std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// The telemetry of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Telemetry {
    project: Arc<OnceLock<String>>,
    tracer: Arc<OnceLock<SdkTracer>>,
    exports: Arc<OnceLock<Exports>>,
}

#[derive(Debug, Clone, Default)]
struct Exports {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Installs logging for the whole process, panics included. The first call in a process wins.
    pub fn install(log: &LogConfig, config: &TelemetryConfig) -> Self {
        let project = Arc::new(OnceLock::new());
        let tracer = Arc::new(OnceLock::new());
        let writer = match log.format {
            LogFormat::Json => {
                Writer::Json(json::Json::new(project.clone(), config.service.clone()))
            }
            LogFormat::Text => Writer::Text(text::Text {
                color: std::io::stderr().is_terminal(),
            }),
        };
        let traces = config.otlp.traces.is_some();
        let installed = tracing_subscriber::registry()
            .with(filter(&log.filter, traces))
            .with(traces.then(|| SpanLayer::new(tracer.clone())))
            .with(LogLayer::new(writer))
            .try_init()
            .is_ok();
        if installed {
            std::panic::set_hook(Box::new(report::panicked));
        }
        Self {
            project,
            tracer,
            exports: Arc::default(),
        }
    }

    /// Names the project that traces belong to. The first call wins.
    pub fn set_project(&self, project: String) {
        let _ = self.project.set(project);
    }

    /// Begins to measure, and to export where `config` says so. Call it once, on the runtime that is to
    /// send, when the project is known. Returns what an admin port can show, if there is to be one.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        &self,
        config: &TelemetryConfig,
        region: Option<String>,
        metadata: &Metadata,
        network: &Network,
    ) -> Result<Option<Prometheus>, StartError> {
        outbound_call::set_model_hosts(config.model_hosts.clone());
        if config.admin.is_none() && !config.otlp.is_on() {
            return Ok(None);
        }
        let project = self.project.get().cloned();
        let cloud_run = match region {
            Some(region) => {
                let instance = metadata.text("instance/id").await;
                Some((region, instance.unwrap_or_default()))
            }
            None => None,
        };
        let place = Place {
            project: project.clone(),
            cloud_run,
        };
        let resource = otlp::resource(&config.service, &place);
        let collector: Arc<dyn HttpClient> =
            otlp::collector(&config.otlp, project.as_deref(), metadata, network);
        let mut exports = Exports::default();
        if let Some(url) = &config.otlp.traces {
            let provider = otlp::traces(&config.otlp, url, resource.clone(), collector.clone())?;
            let _ = self.tracer.set(provider.tracer(SCOPE));
            exports.traces = Some(provider);
        }
        let mut meters = SdkMeterProvider::builder().with_resource(resource);
        if let Some(url) = &config.otlp.metrics {
            meters = meters.with_reader(otlp::metrics(url, collector)?);
        }
        let registry = prometheus::Registry::new();
        if config.admin.is_some() {
            // The names are those of the catalogue, in both outlets.
            let exporter = opentelemetry_prometheus::exporter()
                .with_registry(registry.clone())
                .without_units()
                .without_counter_suffixes()
                .scope_info_enabled(false)
                .build()
                .map_err(|error| StartError::exporter(&error))?;
            meters = meters.with_reader(exporter);
        }
        let meters = meters.build();
        metrics::install(&meters.meter(SCOPE));
        exports.metrics = Some(meters.clone());
        let _ = self.exports.set(exports);
        Ok(config.admin.map(|_| Prometheus::new(registry, meters)))
    }

    /// Sends what was not sent yet, within a second: what takes longer is lost. Call it when what runs
    /// has ended, since only spans that ended are sent.
    pub async fn flush(&self) {
        let Some(exports) = self.exports.get().cloned() else {
            return;
        };
        let (done, flushed) = oneshot::channel();
        // The SDK blocks. A thread of its own ends with the process, whatever it waits for.
        let flushing = std::thread::Builder::new().spawn(move || {
            if let Some(traces) = exports.traces {
                let _ = traces.shutdown_with_timeout(otlp::PARTING);
            }
            if let Some(metrics) = exports.metrics {
                let _ = metrics.shutdown();
            }
            let _ = done.send(());
        });
        if flushing.is_ok() {
            let _ = timeout(otlp::PARTING, flushed).await;
        }
    }
}

/// What `RUST_LOG` says, and the spans that lines and traces are told by, whatever it says.
fn filter(filter: &str, traces: bool) -> EnvFilter {
    let spans = if traces { "info" } else { "off" };
    let always = [
        format!("{}=info", request::REQUEST),
        format!("{}={spans}", spans::SPAN),
    ];
    let mut filter = EnvFilter::new(filter);
    for directive in always {
        if let Ok(directive) = directive.parse() {
            filter = filter.add_directive(directive);
        }
    }
    filter
}
