//! What is known of a request besides its id, for whoever logs or counts inside its span.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tracing::Span;
use tracing::field::{Field, Visit};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::metrics::{self, ErrorKind};
use super::spans::{self, Ids};

/// Target of the span of a request.
pub(super) const REQUEST: &str = "attache_host::request";

/// The request that an event belongs to: the fields of its span, and what was found out since.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) id: String,
    /// The trace that the caller named.
    pub(super) trace: Option<String>,
    /// The caller's own span.
    pub(super) span: Option<String>,
    pub(super) sampled: Option<bool>,
    pub(super) agent: OnceLock<Arc<str>>,
    pub(super) task: OnceLock<String>,
    /// Method and path, for reports of errors.
    pub(super) called: OnceLock<(String, String)>,
    pub(super) has_failed: AtomicBool,
}

#[cfg(test)]
impl Request {
    /// One whose caller records its trace.
    pub(super) fn traced(id: &str, trace: &str, span: &str) -> Self {
        Self {
            id: id.to_owned(),
            trace: Some(trace.to_owned()),
            span: Some(span.to_owned()),
            sampled: Some(true),
            ..Self::default()
        }
    }
}

impl Visit for Request {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "id" => self.id = value.to_owned(),
            "trace" => self.trace = Some(value.to_owned()),
            "span" => self.span = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "sampled" {
            self.sampled = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Says which agent the request of `span` is for. What is said first stays.
pub fn set_agent(span: &Span, agent: &Arc<str>) {
    if with_request(span, |request| {
        let _ = request.agent.set(agent.clone());
    })
    .is_some()
    {
        spans::set_attribute(span, "attache.agent", agent);
    }
}

/// Says which task the request of `span` works on. What is said first stays.
pub(crate) fn set_task(span: &Span, task_id: &str) {
    if with_request(span, |request| {
        request.task.get_or_init(|| task_id.to_owned());
    })
    .is_some()
    {
        spans::set_attribute(span, "a2a.task.id", task_id);
    }
}

/// Says what the caller of `span` asked for.
pub(crate) fn set_called(span: &Span, method: &str, path: &str) {
    with_request(span, |request| {
        request
            .called
            .get_or_init(|| (method.to_owned(), path.to_owned()));
    });
}

/// Which agent the request of `span` is for, as far as it was said.
pub(super) fn agent_of(span: &Span) -> Option<Arc<str>> {
    with_request(span, |request| request.agent.get().cloned()).flatten()
}

/// Counts a failure, unless one of the same request was counted.
pub(super) fn count_error(span: &Span, kind: ErrorKind) {
    let counted = with_request(span, |request| {
        request.has_failed.swap(true, Ordering::Relaxed)
    });
    if counted != Some(true) {
        metrics::add_error(span, kind);
    }
}

/// The nearest request around `span`.
fn with_request<T>(span: &Span, look: impl FnOnce(&Request) -> T) -> Option<T> {
    let request = in_registry(span, |span| {
        span.scope()
            .find_map(|span| span.extensions().get::<Arc<Request>>().cloned())
    })
    .flatten()?;
    Some(look(&request))
}

/// The trace that belongs to `span`: that of the host when it makes one, else the caller's.
pub(super) fn trace_of(span: &Span) -> Option<Ids> {
    in_registry(span, |span| {
        let (ids, request) = nearest(span.scope());
        ids.or_else(|| {
            let request = request?;
            Some(Ids {
                trace: request.trace.clone()?,
                span: request.span.clone()?,
                sampled: request.sampled.unwrap_or(false),
            })
        })
    })
    .flatten()
}

/// The nearest span of a trace, and the nearest request.
pub(super) fn nearest<'a, R>(
    scope: impl Iterator<Item = SpanRef<'a, R>>,
) -> (Option<Ids>, Option<Arc<Request>>)
where
    R: LookupSpan<'a> + 'a,
{
    let (mut ids, mut request) = (None, None);
    for span in scope {
        let extensions = span.extensions();
        if ids.is_none() {
            ids = extensions.get::<spans::Traced>().map(spans::Traced::ids);
        }
        request = extensions.get::<Arc<Request>>().cloned();
        if request.is_some() {
            break;
        }
    }
    (ids, request)
}

/// Looks at `span` where its extensions are.
pub(super) fn in_registry<T>(
    span: &Span,
    look: impl FnOnce(SpanRef<'_, Registry>) -> T,
) -> Option<T> {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        registry.span(id).map(look)
    })
    .flatten()
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::layer::{LogLayer, Writer};
    use crate::telemetry::request_span;
    use crate::telemetry::text::Text;

    #[test]
    fn who_is_inside_a_request_knows_its_agent_and_what_is_said_first_stays() {
        let log = LogLayer::new(Writer::Text(Text { color: false }));
        tracing::subscriber::with_default(Registry::default().with(log), || {
            let request = request_span("r1", None);
            let inside = request.in_scope(|| tracing::info_span!("inside"));
            assert_eq!(agent_of(&inside), None);
            set_agent(&inside, &"analyst".into());
            set_agent(&request, &"another".into());
            assert_eq!(agent_of(&request).as_deref(), Some("analyst"));
            assert_eq!(agent_of(&inside).as_deref(), Some("analyst"));
            assert_eq!(agent_of(&tracing::info_span!("outside")), None);
        });
    }
}
