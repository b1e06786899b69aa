use std::io::Write;
use std::sync::Arc;

use serde_json::Map;
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::json::Json;
use super::lines::STDOUT;
use super::record::Record;
use super::request::{REQUEST, Request, nearest};
use super::text::Text;

/// Turns each event into a line.
#[derive(Debug)]
pub(super) struct LogLayer {
    writer: Writer,
}

#[derive(Debug)]
pub(super) enum Writer {
    Json(Json),
    Text(Text),
}

impl LogLayer {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer }
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != REQUEST {
            return;
        }
        let mut request = Request::default();
        attributes.record(&mut request);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Arc::new(request));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let scope = context.event_scope(event);
        let (ids, request) = scope.map(nearest).unwrap_or_default();
        let metadata = event.metadata();
        let mut record = Record {
            level: *metadata.level(),
            target: metadata.target(),
            message: String::new(),
            fields: Map::new(),
            request,
            ids,
            source: metadata.file().zip(metadata.line()),
        };
        event.record(&mut record);
        // A log that cannot be written is not worth ending the process for.
        let _ = match &self.writer {
            Writer::Json(json) => STDOUT.write(&json.line(record)),
            Writer::Text(text) => std::io::stderr().lock().write_all(&text.line(record)),
        };
    }
}
