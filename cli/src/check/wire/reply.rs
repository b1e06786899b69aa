//! An answer in one piece.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::{Binding, Expected, Fault};
use crate::check::verdict::{Ended, Seen, holds, wrong};

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    binding: Binding,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    pub(super) fn new(binding: Binding, status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self {
            binding,
            status,
            headers,
            body,
        }
    }

    /// The media type, as it was sent.
    pub(crate) fn content_type(&self) -> &str {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Ended> {
        serde_json::from_slice(&self.body).or_else(|_| {
            wrong(format!(
                "status {} with a body that is not JSON ({} bytes of {:?})",
                self.status,
                self.body.len(),
                self.content_type()
            ))
        })
    }

    /// What the operation gave, or the error that it ended with.
    pub(crate) fn outcome(&self) -> Result<Result<Value, Fault>, Ended> {
        let is_error = |error: Value| Fault {
            status: self.status,
            error,
        };
        if self.binding == Binding::HttpJson {
            if (200..300).contains(&self.status) {
                // A deletion has nothing to say.
                let empty = self.body.is_empty();
                return Ok(Ok(if empty { Value::Null } else { self.json()? }));
            }
            let body = self.json().unwrap_or(Value::Null);
            return Ok(Err(is_error(
                body.get("error").cloned().unwrap_or(Value::Null),
            )));
        }
        let body = match self.json() {
            Ok(body) => body,
            Err(_) if self.status >= 400 => return Ok(Err(is_error(Value::Null))),
            Err(ended) => return Err(ended),
        };
        match (body.get("result"), body.get("error")) {
            (Some(result), None) => Ok(Ok(result.clone())),
            (None, Some(error)) => Ok(Err(is_error(error.clone()))),
            _ => wrong("a JSON-RPC answer with neither or both of result and error"),
        }
    }

    /// What the operation gave.
    pub(crate) fn result(&self) -> Result<Value, Ended> {
        self.outcome()?.or_else(|fault| wrong(fault.shown()))
    }

    /// The error that it ended with, whichever.
    pub(crate) fn fault(&self) -> Result<Fault, Ended> {
        match self.outcome()? {
            Ok(_) => wrong("it was accepted"),
            Err(fault) => Ok(fault),
        }
    }

    /// That it ended with this error.
    pub(crate) fn refused_as(&self, expected: Expected) -> Seen {
        is_expected(self.binding, &self.fault()?, expected)
    }
}

/// In HTTP+JSON several errors share a status, and the reason says which it is, where there is one.
pub(super) fn is_expected(binding: Binding, fault: &Fault, expected: Expected) -> Seen {
    let is_right = match binding {
        Binding::JsonRpc => fault.code() == Some(expected.code),
        Binding::HttpJson => {
            expected.statuses.contains(&fault.status)
                && fault
                    .reason()
                    .is_none_or(|reason| reason == expected.reason)
        }
    };
    holds(is_right, || {
        let statuses: Vec<_> = expected.statuses.iter().map(u16::to_string).collect();
        let spelled = match binding {
            Binding::JsonRpc => expected.code.to_string(),
            Binding::HttpJson => format!("status {}, {}", statuses.join(" or "), expected.reason),
        };
        let reason = fault
            .reason()
            .map_or_else(String::new, |reason| format!(" ({reason})"));
        format!(
            "{}{reason}; expected {} ({spelled})",
            fault.shown(),
            expected.name
        )
    })?;
    Ok(fault.shown())
}
