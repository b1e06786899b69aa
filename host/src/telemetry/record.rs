//! An event with everything that a line about it needs.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::Level;
use tracing::field::{Field, Visit};

use super::request::Request;
use super::spans::Ids;

/// Target of the event that a request ends with.
pub(super) const ACCESS: &str = "attache_host::access";
/// Target of what components print.
pub(super) const COMPONENT: &str = "attache_host::component";
/// Target of what Error Reporting groups: panics of the host and traps of components.
pub(super) const REPORT: &str = "attache_host::report";

/// One event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) level: Level,
    pub(super) target: &'static str,
    pub(super) message: String,
    /// Every other field, in order.
    pub(super) fields: Map<String, Value>,
    pub(super) request: Option<Arc<Request>>,
    /// The span of the trace that it happened in, when the host makes one.
    pub(super) ids: Option<Ids>,
    /// File and line, of the host's own events.
    pub(super) source: Option<(&'static str, u32)>,
}

impl Record {
    fn insert(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for Record {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = value.to_owned();
        } else {
            self.insert(field, value.into());
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.insert(field, text.into());
        }
    }
}
