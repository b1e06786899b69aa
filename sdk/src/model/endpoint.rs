//! Where a model is asked, with what key, and for how long.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::asking::error_of;
use super::events::excerpt;
use crate::outbound::{Limits, Request, Response, SendError};

/// To take a connection.
const CONNECT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Endpoint {
    /// Without a slash at its end.
    pub(super) base: String,
    /// The header that holds the key, what stands before the key in it, and the key. None where the host
    /// adds it.
    pub(super) key: Option<(&'static str, &'static str, String)>,
    /// How long nothing may be heard.
    pub(super) silence: Duration,
    /// How long all of an answer may take, all attempts included.
    pub(super) total: Duration,
    /// Whether the answer is to come in pieces.
    pub(super) streaming: bool,
}

impl Endpoint {
    pub(super) async fn send(
        &self,
        path: &str,
        body: &Value,
        ends: Instant,
    ) -> Result<Response, SendError> {
        let total = ends.saturating_duration_since(Instant::now());
        // What comes in one piece comes at its end.
        let silence = if self.streaming {
            self.silence
        } else {
            self.total
        };
        let mut request = Request::post(&format!("{}{path}", self.base))?
            .json(body)
            .limits(Limits {
                connect: CONNECT,
                first_byte: silence,
                between_bytes: silence,
                total,
            });
        if let Some((name, before, key)) = &self.key {
            request = request.header(name, &format!("{before}{key}"))?;
        }
        request.send().await
    }

    /// The status and the sentence of an error, if this is one.
    pub(super) fn failure_in(&self, body: &Value) -> Option<(u16, String)> {
        let error = error_of(body)?;
        let status = ["code", "status"]
            .iter()
            .find_map(|name| error.get(*name)?.as_u64());
        let message = match error {
            Value::String(message) => message.as_str(),
            error => error
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("no reason is given"),
        };
        let status = status
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(500);
        Some((status, excerpt(&self.without_key(message))))
    }

    /// A provider may repeat the key that it does not like.
    pub(super) fn without_key(&self, text: &str) -> String {
        match &self.key {
            Some((_, _, key)) if !key.is_empty() => text.replace(key.as_str(), "[key]"),
            _ => text.to_owned(),
        }
    }
}

/// Without the key.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}
