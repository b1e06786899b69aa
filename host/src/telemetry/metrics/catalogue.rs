//! Every metric that there is: the one list that instruments are made from, and that the table in
//! `docs/observability.md` is checked against.

use opentelemetry::metrics::{Counter, Histogram, Meter};

/// Seconds of what a person or a model waits for.
const LONG: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];
/// Seconds of what happens many times in a request.
const SHORT: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// What a metric is to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in seconds.
    Histogram,
}

impl Kind {
    /// Its name in the text format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric. It has the same name for Prometheus and in OTLP.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels. A label that is not known is left out.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    boundaries: &'static [f64],
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        labels,
        help,
        boundaries: &[],
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        labels,
        help,
        boundaries: &[],
    }
}

const fn seconds(
    name: &'static str,
    labels: &'static [&'static str],
    boundaries: &'static [f64],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Histogram,
        labels,
        help,
        boundaries,
    }
}

macro_rules! catalogue {
    ($($constant:ident = $metric:expr;)*) => {
        $(pub(super) const $constant: Metric = $metric;)*

        /// Every metric, in the order in which the documentation has them.
        pub const CATALOGUE: &[Metric] = &[$($constant),*];
    };
}

catalogue! {
    TASKS = counter(
        "a2a_tasks_total",
        &["agent", "state"],
        "Runs of tasks that came to an end, by the state that they left the task in",
    );
    TASK_DURATION = seconds(
        "a2a_task_duration_seconds",
        &["agent", "state"],
        LONG,
        "From the beginning of a run to the state that ended it",
    );
    REQUEST_DURATION = seconds(
        "a2a_request_duration_seconds",
        &["agent", "transport", "protocol_version", "code"],
        LONG,
        "From a request's head to the end of its response, by HTTP status; 499 is a client that left",
    );
    FIRST_EVENT = seconds(
        "a2a_time_to_first_event_seconds",
        &["agent", "transport"],
        LONG,
        "From a request's head to the first bytes of its event stream",
    );
    SSE_ACTIVE = gauge(
        "a2a_sse_active",
        &[],
        "Event streams that are open",
    );
    SSE_DURATION = seconds(
        "a2a_sse_duration_seconds",
        &["agent", "transport"],
        LONG,
        "How long event streams were open",
    );
    ERRORS = counter(
        "a2a_errors_total",
        &["agent", "kind"],
        "Failures by kind: auth, guest_trap, internal, invalid_input, llm, overload, rate_limited, \
         timeout",
    );
    CARD_REQUESTS = counter(
        "a2a_agent_card_requests_total",
        &["agent", "path", "status"],
        "Requests for the agent card",
    );
    LLM_DURATION = seconds(
        "a2a_llm_request_duration_seconds",
        &["agent", "model", "status"],
        LONG,
        "From a question to a model to the end of its answer, as the component says, or else as its requests to a model's host show",
    );
    LLM_FIRST_PIECE = seconds(
        "a2a_llm_first_piece_seconds",
        &["agent", "model"],
        LONG,
        "From a question to a model to the first piece of its answer",
    );
    LLM_TOKENS = counter(
        "a2a_llm_tokens_total",
        &["agent", "model", "provider", "type"],
        "Tokens of models: input, cached (of these), output, thought (of these)",
    );
    TOOL_DURATION = seconds(
        "a2a_tool_duration_seconds",
        &["agent", "tool", "kind", "failed"],
        LONG,
        "Calls of tools",
    );
    PUSH = counter(
        "a2a_push_notifications_total",
        &["result"],
        "Attempts to send a notification: delivered, failed (tried again), dropped (a dead letter)",
    );
    DISPATCH = counter(
        "attache_dispatch_calls_total",
        &["result"],
        "Calls of the queue for a dispatched task",
    );
    STORE_DURATION = seconds(
        "attache_store_duration_seconds",
        &["operation", "result"],
        SHORT,
        "Operations of the task log: ok, refused (by its rules), unavailable",
    );
    POOL_SIZE = gauge(
        "a2a_db_pool_size",
        &[],
        "Connections to the database server that are open",
    );
    POOL_IN_USE = gauge(
        "a2a_db_pool_in_use",
        &[],
        "Connections to the database server that are in use",
    );
    INSTANCES = gauge(
        "attache_instances_in_use",
        &[],
        "Instances of components that are alive",
    );
    QUEUE = gauge(
        "attache_queue_waiting",
        &[],
        "Requests that wait for an instance",
    );
    LIMITS = counter(
        "attache_limits_hit_total",
        &["limit"],
        "How often each limit was reached",
    );
    COMPONENT = gauge(
        "attache_component_info",
        &["agent", "digest"],
        "1 for the component that serves new requests of an agent",
    );
    SWAPS = counter(
        "attache_swaps_total",
        &["agent", "outcome"],
        "Attempts to put another component into an agent's place",
    );
}

impl Metric {
    pub(super) fn counter(&self, meter: &Meter) -> Counter<u64> {
        let builder = meter.u64_counter(self.name);
        builder.with_description(self.help).build()
    }

    pub(super) fn histogram(&self, meter: &Meter) -> Histogram<f64> {
        meter
            .f64_histogram(self.name)
            .with_description(self.help)
            .with_unit("s")
            .with_boundaries(self.boundaries.to_vec())
            .build()
    }
}
