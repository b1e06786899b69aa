//! From the spans of `tracing` to those of OpenTelemetry.
//!
//! A layer of our own instead of `tracing-opentelemetry`, for three reasons: a span has its ids from
//! its first moment, so that log lines and outgoing headers name them; it can end before the last
//! instance that logs inside it; and events stay in the log, where they are found by these ids.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer,
};
use opentelemetry::{Context as Parent, KeyValue, Value};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::{PROBE, SPAN};
use crate::telemetry::request::REQUEST;

/// Makes a span of a trace out of each of the host's own spans.
#[derive(Debug)]
pub(crate) struct SpanLayer {
    /// Set when it is known where to export to; until then there are no traces.
    tracer: Arc<OnceLock<SdkTracer>>,
}

/// What a span of `tracing` is in its trace.
#[derive(Debug)]
pub(crate) struct Traced {
    context: SpanContext,
    /// None when it has ended.
    pub(super) span: Option<Span>,
}

/// Where in which trace, as headers and logs say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) sampled: bool,
}

impl Traced {
    pub(crate) fn ids(&self) -> Ids {
        Ids {
            trace: self.context.trace_id().to_string(),
            span: self.context.span_id().to_string(),
            sampled: self.context.is_sampled(),
        }
    }
}

impl SpanLayer {
    pub(crate) fn new(tracer: Arc<OnceLock<SdkTracer>>) -> Self {
        Self { tracer }
    }
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        let is_ours =
            metadata.target() == SPAN || (metadata.target() == REQUEST && metadata.name() != PROBE);
        let (Some(tracer), true) = (self.tracer.get(), is_ours) else {
            return;
        };
        let Some(span) = context.span(id) else { return };
        let mut given = Given::default();
        attributes.record(&mut given);
        let around = span.scope().skip(1).find_map(|span| {
            let extensions = span.extensions();
            extensions
                .get::<Traced>()
                .map(|traced| traced.context.clone())
        });
        // What the host does all the time, such as renewing leases, is in no trace.
        if around.is_none() && metadata.target() == SPAN && !given.is_root {
            return;
        }
        let parent = match around.or_else(|| given.caller()) {
            Some(parent) => Parent::new().with_remote_span_context(parent),
            None => Parent::new(),
        };
        let name = given.name.unwrap_or(Cow::Borrowed(metadata.name()));
        let builder = tracer
            .span_builder(name)
            .with_kind(given.kind.unwrap_or(SpanKind::Internal))
            .with_attributes(given.attributes);
        let began = given.ago.and_then(|ago| SystemTime::now().checked_sub(ago));
        let builder = match began {
            Some(began) => builder.with_start_time(began),
            None => builder,
        };
        let traced = tracer.build_with_context(builder, &parent);
        span.extensions_mut().insert(Traced {
            context: traced.span_context().clone(),
            span: Some(traced),
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let traced = extensions.get_mut::<Traced>();
        if let Some(span) = traced.and_then(|traced| traced.span.as_mut()) {
            let mut given = Given::default();
            values.record(&mut given);
            span.set_attributes(given.attributes);
            if let Some(why) = given.error {
                span.set_status(Status::error(why));
            }
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = context.span(&id) {
            // Dropped, it ends.
            span.extensions_mut().remove::<Traced>();
        }
    }
}

/// The fields of a span.
#[derive(Default)]
struct Given {
    name: Option<Cow<'static, str>>,
    kind: Option<SpanKind>,
    attributes: Vec<KeyValue>,
    error: Option<String>,
    trace: Option<TraceId>,
    span: Option<SpanId>,
    sampled: bool,
    /// It begins a trace where there is none.
    is_root: bool,
    /// How long ago it began.
    ago: Option<Duration>,
}

impl Given {
    /// The caller's span, as the request's headers said.
    fn caller(&self) -> Option<SpanContext> {
        let flags = TraceFlags::default().with_sampled(self.sampled);
        // Without a parent's id the SDK would begin another trace.
        let unnamed = || SpanId::from(fastrand::u64(1..));
        let span = self.span.unwrap_or_else(unnamed);
        Some(SpanContext::new(
            self.trace?,
            span,
            flags,
            true,
            TraceState::NONE,
        ))
    }

    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(field.name(), value));
    }
}

impl Visit for Given {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "otel.name" => self.name = Some(Cow::Owned(value.to_owned())),
            "otel.kind" => {
                self.kind = match value {
                    "server" => Some(SpanKind::Server),
                    "client" => Some(SpanKind::Client),
                    "producer" => Some(SpanKind::Producer),
                    _ => None,
                }
            }
            "id" => self
                .attributes
                .push(KeyValue::new("attache.request_id", value.to_owned())),
            "trace" => self.trace = TraceId::from_hex(value).ok(),
            "span" => self.span = SpanId::from_hex(value).ok(),
            "error" => self.error = Some(value.to_owned()),
            _ => self.add(field, value.to_owned()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "sampled" => self.sampled = value,
            "otel.root" => self.is_root = value,
            _ => self.add(field, value),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "otel.ago_ms" => self.ago = Some(Duration::from_millis(value)),
            _ => self.add(field, i64::try_from(value).unwrap_or(i64::MAX)),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "error" => self.error = Some(format!("{value:?}")),
            _ => self.add(field, format!("{value:?}")),
        }
    }
}
