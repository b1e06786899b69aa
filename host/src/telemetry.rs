//! What the process says about itself: logs now, and the place for metrics and traces.
//!
//! One layer collects an event with the request that it belongs to ([`record`]); two writers turn
//! that into a line: Cloud Logging's JSON on stdout ([`json`]), or text for people on stderr
//! ([`text`]). Bodies and headers are never logged, and of a URL only the path.

mod access;
mod json;
mod layer;
mod limit;
mod record;
mod text;
mod trace;

pub use access::Access;
pub use limit::Limit;
pub(crate) use record::COMPONENT;
pub use trace::{TraceContext, traceparent};

use std::io::IsTerminal;
use std::sync::{Arc, OnceLock};

use tracing::Span;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use layer::{LogLayer, Writer};

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

/// The telemetry of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Telemetry {
    project: Arc<OnceLock<String>>,
}

impl Telemetry {
    /// Installs logging for the whole process, panics included. The first call in a process wins.
    pub fn install(config: &LogConfig) -> Self {
        let project = Arc::new(OnceLock::new());
        let writer = match config.format {
            LogFormat::Json => Writer::Json(json::Json::new(project.clone())),
            LogFormat::Text => Writer::Text(text::Text {
                color: std::io::stderr().is_terminal(),
            }),
        };
        let installed = tracing_subscriber::registry()
            .with(EnvFilter::new(&config.filter))
            .with(LogLayer::new(writer))
            .try_init()
            .is_ok();
        if installed {
            std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
        }
        Self { project }
    }

    /// Names the project that traces belong to. The first call wins.
    pub fn set_project(&self, project: String) {
        let _ = self.project.set(project);
    }
}

/// The span of one request: everything logged inside names its id and its trace.
pub fn request_span(id: &str, trace: Option<&TraceContext>) -> Span {
    tracing::info_span!(
        target: record::REQUEST,
        "request",
        id,
        trace = trace.map(|trace| trace.trace_id.as_str()),
        span = trace.and_then(|trace| trace.span_id.as_deref()),
        sampled = trace.map(|trace| trace.sampled),
    )
}
