//! An event with everything that a line about it needs.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::Level;
use tracing::field::{Field, Visit};

/// Target of the span of a request.
pub(super) const REQUEST: &str = "attache_host::request";
/// Target of the event that a request ends with.
pub(super) const ACCESS: &str = "attache_host::access";
/// Target of what components print.
pub(crate) const COMPONENT: &str = "attache_host::component";

/// The request that an event belongs to: the fields of its span.
#[derive(Debug, Default, Clone)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) trace: Option<String>,
    pub(super) span: Option<String>,
    pub(super) sampled: Option<bool>,
}

/// One event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) level: Level,
    pub(super) target: &'static str,
    pub(super) message: String,
    /// Every other field, in order.
    pub(super) fields: Map<String, Value>,
    pub(super) request: Option<Arc<Request>>,
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
