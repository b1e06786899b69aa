//! Metrics: one registry of the process, and two ways out of it.
//!
//! What is counted is recorded where it happens, by the functions below; nothing of it is kept
//! unless somebody can read it, as text on the admin port or as OTLP. Until [`install`] was called
//! each of them is one look at an empty cell.
//!
//! Labels have few values each: names of agents, of models up to a bound, of operations, and numbers
//! of HTTP. Nothing that a caller makes up becomes one. The registry itself stops at 2,000 series for
//! each metric, and counts the rest together.

mod catalogue;
mod gauges;
mod models;
mod outlet;
mod request;

pub use catalogue::{CATALOGUE, Kind, Metric};
pub use gauges::{Counted, Pool, instance, not_serving, serving, waiting, watch_pool};
pub(crate) use outlet::TEXT;
pub use outlet::{NotShown, Prometheus};
pub(crate) use request::RequestMeter;

use std::sync::OnceLock;
use std::time::Duration;

use attache_task_store::{Error, State};
use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry::{KeyValue, Value};
use tracing::Span;

use super::request::{agent_of, count_error};
use crate::bindings::usage::{ModelCall, ToolCall};
use models::Models;

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();
static MODELS: Models = Models::new();
static PROVIDERS: Models = Models::new();
static TOOLS: Models = Models::new();

struct Instruments {
    tasks: Counter<u64>,
    task_durations: Histogram<f64>,
    requests: Histogram<f64>,
    first_event: Histogram<f64>,
    streams: Histogram<f64>,
    errors: Counter<u64>,
    cards: Counter<u64>,
    models: Histogram<f64>,
    first_pieces: Histogram<f64>,
    tokens: Counter<u64>,
    tools: Histogram<f64>,
    push: Counter<u64>,
    dispatch: Counter<u64>,
    store: Histogram<f64>,
    swaps: Counter<u64>,
}

/// Records from now on into `meter`. The first call wins.
pub(super) fn install(meter: &Meter) {
    let instruments = Instruments {
        tasks: catalogue::TASKS.counter(meter),
        task_durations: catalogue::TASK_DURATION.histogram(meter),
        requests: catalogue::REQUEST_DURATION.histogram(meter),
        first_event: catalogue::FIRST_EVENT.histogram(meter),
        streams: catalogue::SSE_DURATION.histogram(meter),
        errors: catalogue::ERRORS.counter(meter),
        cards: catalogue::CARD_REQUESTS.counter(meter),
        models: catalogue::LLM_DURATION.histogram(meter),
        first_pieces: catalogue::LLM_FIRST_PIECE.histogram(meter),
        tokens: catalogue::LLM_TOKENS.counter(meter),
        tools: catalogue::TOOL_DURATION.histogram(meter),
        push: catalogue::PUSH.counter(meter),
        dispatch: catalogue::DISPATCH.counter(meter),
        store: catalogue::STORE_DURATION.histogram(meter),
        swaps: catalogue::SWAPS.counter(meter),
    };
    if INSTRUMENTS.set(instruments).is_ok() {
        gauges::observe(meter);
    }
}

fn instruments() -> Option<&'static Instruments> {
    INSTRUMENTS.get()
}

/// `known`, and the agent that the request of `span` is for.
fn labels<const N: usize>(span: &Span, known: [KeyValue; N]) -> Vec<KeyValue> {
    let mut labels = Vec::with_capacity(N + 1);
    labels.extend(agent_of(span).map(|agent| KeyValue::new("agent", Value::from(agent))));
    labels.extend(known);
    labels
}

/// What went wrong, as an operator sorts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A caller without credentials, or without the right to do this.
    Auth,
    /// A component trapped.
    GuestTrap,
    /// The host, the component or the task log failed.
    Internal,
    /// A request that cannot be served as it is.
    InvalidInput,
    /// A model refused or failed.
    Llm,
    /// No room, or the process is about to end.
    Overload,
    /// Too many requests of one caller.
    RateLimited,
    /// Something took too long.
    Timeout,
}

impl ErrorKind {
    fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::GuestTrap => "guest_trap",
            Self::Internal => "internal",
            Self::InvalidInput => "invalid_input",
            Self::Llm => "llm",
            Self::Overload => "overload",
            Self::RateLimited => "rate_limited",
            Self::Timeout => "timeout",
        }
    }

    /// What an answer says by itself. A client that left is no failure.
    fn of_status(status: u16) -> Option<Self> {
        match status {
            401 | 403 | 407 => Some(Self::Auth),
            408 | 504 => Some(Self::Timeout),
            429 => Some(Self::RateLimited),
            499 => None,
            503 => Some(Self::Overload),
            400..=498 => Some(Self::InvalidInput),
            500.. => Some(Self::Internal),
            _ => None,
        }
    }
}

/// Counts a failure of the request that is served. A request fails once: what is said first counts,
/// and the status of its answer only when nothing was said.
pub fn error(kind: ErrorKind) {
    count_error(&Span::current(), kind);
}

/// Counts it, whatever was counted before.
pub(super) fn add_error(span: &Span, kind: ErrorKind) {
    if let Some(instruments) = instruments() {
        let labels = labels(span, [KeyValue::new("kind", kind.name())]);
        instruments.errors.add(1, &labels);
    }
}

/// Counts a run that ended and left its task in `state`.
pub(crate) fn task(state: State, took: Option<Duration>) {
    let Some(instruments) = instruments() else {
        return;
    };
    let state = match state {
        State::Submitted => "submitted",
        State::Working => "working",
        State::Completed => "completed",
        State::Failed => "failed",
        State::Canceled => "canceled",
        State::InputRequired => "input_required",
        State::Rejected => "rejected",
        State::AuthRequired => "auth_required",
    };
    let labels = labels(&Span::current(), [KeyValue::new("state", state)]);
    instruments.tasks.add(1, &labels);
    if let Some(took) = took {
        instruments
            .task_durations
            .record(took.as_secs_f64(), &labels);
    }
}

/// Measures a call of a model, which the URL's path names; `status` is none without an answer.
pub(super) fn model(span: &Span, path: &str, status: Option<u16>, took: Duration) {
    if let Some(instruments) = instruments() {
        let status = status.map_or(Value::from("error"), |status| i64::from(status).into());
        let known = [
            KeyValue::new("model", MODELS.of_path(path)),
            KeyValue::new("status", status),
        ];
        instruments
            .models
            .record(took.as_secs_f64(), &labels(span, known));
    }
}

/// Measures a call of a model, as the component tells it; `status` is one of a few words.
pub(crate) fn asked(span: &Span, call: &ModelCall, status: &'static str) {
    let Some(instruments) = instruments() else {
        return;
    };
    let model = MODELS.of_name(&call.model);
    let provider = PROVIDERS.of_name(&call.provider);
    let seconds = |milliseconds| Duration::from_millis(milliseconds).as_secs_f64();
    let known = [
        KeyValue::new("model", model.clone()),
        KeyValue::new("status", status),
    ];
    instruments
        .models
        .record(seconds(call.duration), &labels(span, known));
    if let Some(first) = call.first_piece {
        let known = [KeyValue::new("model", model.clone())];
        instruments
            .first_pieces
            .record(seconds(first), &labels(span, known));
    }
    for (kind, tokens) in [
        ("input", call.input_tokens),
        ("cached", call.cached_tokens),
        ("output", call.output_tokens),
        ("thought", call.thought_tokens),
    ] {
        let known = [
            KeyValue::new("model", model.clone()),
            KeyValue::new("provider", provider.clone()),
            KeyValue::new("type", kind),
        ];
        instruments.tokens.add(tokens, &labels(span, known));
    }
}

/// Measures a call of a tool, as the component tells it.
pub(crate) fn called(span: &Span, call: &ToolCall, kind: &'static str) {
    if let Some(instruments) = instruments() {
        let known = [
            KeyValue::new("tool", TOOLS.of_name(&call.name)),
            KeyValue::new("kind", kind),
            KeyValue::new("failed", call.failed),
        ];
        let took = Duration::from_millis(call.duration).as_secs_f64();
        instruments.tools.record(took, &labels(span, known));
    }
}

/// Counts an attempt to send a notification: `delivered`, `failed` or `dropped`.
pub(crate) fn push(result: &'static str) {
    if let Some(instruments) = instruments() {
        instruments.push.add(1, &[KeyValue::new("result", result)]);
    }
}

/// Counts a call of the queue.
pub(crate) fn dispatch(result: &'static str) {
    if let Some(instruments) = instruments() {
        let labels = [KeyValue::new("result", result)];
        instruments.dispatch.add(1, &labels);
    }
}

/// Measures an operation of the task log.
pub(crate) fn store<T>(operation: &'static str, outcome: &Result<T, Error>, took: Duration) {
    if let Some(instruments) = instruments() {
        let result = match outcome {
            Ok(_) => "ok",
            Err(Error::Unavailable(_)) => "unavailable",
            Err(_) => "refused",
        };
        let labels = [
            KeyValue::new("operation", operation),
            KeyValue::new("result", result),
        ];
        instruments.store.record(took.as_secs_f64(), &labels);
    }
}

/// Counts an attempt to put another component into an agent's place, such as `swapped` or
/// `rejected`.
pub fn swap(agent: &str, outcome: &'static str) {
    if let Some(instruments) = instruments() {
        let labels = [
            KeyValue::new("agent", agent.to_owned()),
            KeyValue::new("outcome", outcome),
        ];
        instruments.swaps.add(1, &labels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of the table in the documentation.
    fn row(metric: &Metric) -> String {
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        format!(
            "| `{}` | {} | {} | {} |",
            metric.name,
            metric.kind.name(),
            labels.join(", "),
            metric.help
        )
    }

    #[test]
    fn the_documentation_has_every_metric_and_no_other() {
        let docs = include_str!("../../../docs/observability.md");
        let written: Vec<_> = docs
            .lines()
            .filter(|line| line.starts_with("| `a2a_") || line.starts_with("| `attache_"))
            .collect();
        let meant: Vec<_> = CATALOGUE.iter().map(row).collect();
        assert_eq!(written, meant, "write these rows:\n{}", meant.join("\n"));
    }

    /// What only other parts of the host can provoke, or a database server.
    #[test]
    fn swaps_digests_and_pools_are_shown() {
        let registry = prometheus::Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_units()
            .without_counter_suffixes()
            .scope_info_enabled(false)
            .build()
            .unwrap();
        let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder()
            .with_reader(exporter)
            .build();
        use opentelemetry::metrics::MeterProvider;
        install(&provider.meter("test"));
        swap("analyst", "swapped");
        serving("analyst", "sha256:1");
        serving("analyst", "sha256:2");
        watch_pool(|| Pool { size: 3, in_use: 2 });
        let waits = waiting();
        let text = Prometheus::new(registry.clone(), provider.clone())
            .text()
            .unwrap();
        for line in [
            r#"attache_swaps_total{agent="analyst",outcome="swapped"} 1"#,
            r#"attache_component_info{agent="analyst",digest="sha256:2"} 1"#,
            "a2a_db_pool_size 3",
            "a2a_db_pool_in_use 2",
            "attache_queue_waiting 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}:\n{text}");
        }
        assert!(!text.contains("sha256:1"));
        drop(waits);
        not_serving("analyst");
        let text = Prometheus::new(registry, provider).text().unwrap();
        assert!(!text.contains("attache_component_info{"));
        assert!(text.contains("attache_queue_waiting 0"));
    }

    #[test]
    fn an_answer_tells_what_went_wrong() {
        for (status, kind) in [
            (200, None),
            (304, None),
            (400, Some(ErrorKind::InvalidInput)),
            (401, Some(ErrorKind::Auth)),
            (429, Some(ErrorKind::RateLimited)),
            (499, None),
            (500, Some(ErrorKind::Internal)),
            (503, Some(ErrorKind::Overload)),
            (504, Some(ErrorKind::Timeout)),
        ] {
            assert_eq!(ErrorKind::of_status(status), kind, "{status}");
        }
    }
}
