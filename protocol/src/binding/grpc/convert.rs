//! Between the messages of gRPC and the data model of the engine, at this edge and nowhere else.
//!
//! What leaves cannot fail. What arrives may hold what the data model does not know, and is then
//! refused with the path of the field, as the JSON bindings do.

mod incoming;
mod json;
mod outgoing;

pub(super) use json::json_struct;

use crate::error::Error;

/// What is wrong with a message that arrived, and where. The path grows on its way up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    path: String,
    why: String,
}

impl Fault {
    fn new(field: &str, why: impl Into<String>) -> Self {
        Self {
            path: field.to_owned(),
            why: why.into(),
        }
    }

    /// The same fault as seen from the message around it.
    fn within(mut self, field: &str) -> Self {
        if !(self.path.is_empty() || self.path.starts_with('[')) {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, field);
        self
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::field(fault.path, fault.why)
    }
}
