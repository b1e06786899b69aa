//! Who calls, decided before the component runs.
//!
//! The component learns a [`Caller`] and never the credential behind it; the task log takes its
//! owner from the same value, so that what the component may see and what the host binds cannot
//! drift apart. Every caller is anonymous for now: the modes of authentication come in here, as
//! further ways to make a [`Caller`] out of a request's head.

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::bindings::caller::{Host, Identity};

/// The caller of one request.
#[derive(Clone, Default)]
pub struct Caller {
    identity: Option<Identity>,
    /// Whose tasks these are, when no identity tells: for work that the host starts by itself.
    owner: String,
    /// The token that the caller sent, which the component does not see.
    bearer: Option<String>,
}

impl Caller {
    /// Decides who sent a request.
    pub fn of_request(head: &Parts) -> Self {
        Self {
            bearer: bearer(&head.headers),
            ..Self::default()
        }
    }

    /// For work on a stored task, as its owner.
    pub fn of_owner(owner: String) -> Self {
        Self {
            identity: None,
            owner,
            bearer: None,
        }
    }

    /// The token that the caller sent, for calls that are made in its name.
    pub fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
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

/// Without the token.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("identity", &self.identity)
            .field("owner", &self.owner)
            .field("bearer", &self.bearer.as_ref().map(|_| "***"))
            .finish()
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}
