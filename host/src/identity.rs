//! Who calls, decided before the component runs.
//!
//! The component learns a [`Caller`] and never the credential behind it; the task log takes its
//! owner from the same value, so that what the component may see and what the host binds cannot
//! drift apart. Every caller is anonymous for now: the modes of authentication come in here, as
//! further ways to make a [`Caller`] out of a request's head.

use http::request::Parts;

use crate::bindings::caller::{Host, Identity};

/// The caller of one request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    identity: Option<Identity>,
    /// Whose tasks these are, when no identity tells: for work that the host starts by itself.
    owner: String,
}

impl Caller {
    /// Decides who sent a request.
    pub fn of_request(_head: &Parts) -> Self {
        Self::default()
    }

    /// For work on a stored task, as its owner.
    pub fn of_owner(owner: String) -> Self {
        Self {
            identity: None,
            owner,
        }
    }

    /// The owner that the task log binds every call to. Empty for anonymous callers.
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

impl Host for Caller {
    fn identify(&mut self) -> wasmtime::Result<Option<Identity>> {
        Ok(self.identity.clone())
    }
}
