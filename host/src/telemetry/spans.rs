//! The spans of a trace, and what they are called.
//!
//! Spans are those of `tracing`, so that a line logged inside one belongs to it. Those with the target
//! [`SPAN`] exist for traces only and are not even made while nobody exports; the span of a request
//! always exists, since log lines name its id. [`layer`] turns both into OpenTelemetry's.

mod layer;

pub(super) use layer::{Ids, SpanLayer, Traced};

use opentelemetry::KeyValue;
use opentelemetry::trace::Span as _;
use opentelemetry::trace::Status;
use tracing::{Span, field};

use super::TraceContext;
use super::request::{REQUEST, in_registry, set_task};
use crate::bindings::usage::{ModelCall, ToolCall};

/// Target of spans that only traces show.
pub(super) const SPAN: &str = "attache_host::span";
/// Name of the spans of probes, which no trace shows.
const PROBE: &str = "probe";

/// The span of one request: everything logged inside names its id and its trace.
pub fn request_span(id: &str, trace: Option<&TraceContext>) -> Span {
    tracing::info_span!(
        target: REQUEST,
        "request",
        otel.kind = "server",
        id,
        trace = trace.map(|trace| trace.trace_id.as_str()),
        span = trace.and_then(|trace| trace.span_id.as_deref()),
        sampled = trace.map(|trace| trace.sampled),
    )
}

/// The same for a request that asks whether the host is well. It belongs to no trace.
pub(crate) fn probe_span(id: &str) -> Span {
    tracing::info_span!(target: REQUEST, PROBE, id)
}

/// The span of work on a stored task that no request waits for, such as `resume`.
pub(crate) fn work_span(what: &'static str, task_id: &str) -> Span {
    let id = format!("{what}-{task_id}");
    let span = tracing::info_span!(target: REQUEST, "work", otel.name = what, id);
    set_task(&span, task_id);
    span
}

/// What a component does for the request of the current span.
pub(crate) fn guest_span() -> Span {
    tracing::info_span!(target: SPAN, "guest", error = field::Empty).or_current()
}

/// One operation of the task log.
pub(crate) fn store_span(operation: &'static str, system: &'static str) -> Span {
    tracing::info_span!(
        target: SPAN,
        "store",
        otel.kind = "client",
        otel.name = operation,
        db.operation.name = operation,
        db.system.name = system,
        error = field::Empty,
    )
}

/// A request that leaves the host for `method` at `host`.
pub(super) fn client_span(method: &str, host: &str, port: Option<u16>) -> Span {
    tracing::info_span!(
        target: SPAN,
        "outbound",
        otel.kind = "client",
        otel.name = method,
        http.request.method = method,
        server.address = host,
        server.port = port,
        http.response.status_code = field::Empty,
        error = field::Empty,
    )
}

/// A call of a model that has just ended, in the words of OpenTelemetry's conventions.
pub(crate) fn chat_span(call: &ModelCall, error: Option<&str>) -> Span {
    let failed = error.map(|_| "the model gave no answer");
    tracing::info_span!(
        target: SPAN,
        "chat",
        otel.kind = "client",
        otel.name = format!("chat {}", call.model),
        otel.ago_ms = call.duration,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = call.provider,
        gen_ai.request.model = call.model,
        gen_ai.usage.input_tokens = call.input_tokens,
        gen_ai.usage.output_tokens = call.output_tokens,
        error.type = error,
        error = failed,
    )
}

/// A call of a tool that has just ended.
pub(crate) fn tool_span(call: &ToolCall) -> Span {
    tracing::info_span!(
        target: SPAN,
        "execute_tool",
        otel.name = format!("execute_tool {}", call.name),
        otel.ago_ms = call.duration,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = call.name,
        gen_ai.tool.type = call.kind,
        error = call.failed.then_some("the tool failed"),
    )
}

/// One attempt to send a webhook an event of a task.
pub(crate) fn push_span(task_id: &str, event: u64) -> Span {
    tracing::info_span!(
        target: SPAN,
        "push notification",
        otel.kind = "producer",
        otel.root = true,
        a2a.task.id = task_id,
        a2a.event.number = event,
        error = field::Empty,
    )
}

/// Handing a task to a queue, or taking it up for one.
pub(crate) fn dispatch_span(what: &'static str) -> Span {
    tracing::info_span!(target: SPAN, "dispatch", otel.name = what, error = field::Empty)
}

/// Adds to what a trace says of `span`, and of what is around it up to its request.
pub(super) fn set_attribute(span: &Span, key: &'static str, value: &str) {
    in_registry(span, |span| {
        for span in span.scope() {
            let is_request = span.metadata().target() == REQUEST;
            let mut extensions = span.extensions_mut();
            let traced = extensions.get_mut::<Traced>();
            if let Some(span) = traced.and_then(|traced| traced.span.as_mut()) {
                span.set_attribute(KeyValue::new(key, value.to_owned()));
            }
            if is_request {
                break;
            }
        }
    });
}

/// What a trace says of a span when it has ended.
pub(super) struct Ended<'a> {
    /// One of a few.
    pub(super) name: String,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) failed: Option<&'a str>,
}

/// Ends `span` in its trace, whoever still logs inside it. `say` is not asked without a trace.
pub(super) fn end<'a>(span: &Span, say: impl FnOnce() -> Ended<'a>) {
    in_registry(span, |span| {
        let mut extensions = span.extensions_mut();
        let traced = extensions.get_mut::<Traced>();
        if let Some(mut span) = traced.and_then(|traced| traced.span.take()) {
            let said = say();
            span.update_name(said.name);
            span.set_attributes(said.attributes);
            if let Some(why) = said.failed {
                span.set_status(Status::error(why.to_owned()));
            }
            span.end();
        }
    });
}
