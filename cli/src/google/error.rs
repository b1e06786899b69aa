//! What Google says when it refuses.

use serde_json::Value;

use super::remedy;
use crate::failure::{Exit, Failure};

/// Why a call gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    /// Google answered with an error.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// There was no answer, or none that can be read.
    #[error("{0}")]
    Failed(#[from] Failure),
}

/// An error of `google.rpc.Status`, and of what it was the answer to.
#[derive(Debug, Clone, Default, thiserror::Error)]
#[error("{api}: {status}: {message}")]
pub(crate) struct Refusal {
    /// The name of the API.
    pub(crate) api: &'static str,
    /// The method and the path.
    pub(crate) call: String,
    /// The project that the call names.
    pub(crate) project: Option<String>,
    /// The status of HTTP; 0 for a long operation's.
    pub(crate) code: u16,
    /// For example `PERMISSION_DENIED`.
    pub(crate) status: String,
    /// What Google says.
    pub(crate) message: String,
    /// The `reason` of an `ErrorInfo`, such as `SERVICE_DISABLED`.
    pub(crate) reason: Option<String>,
    /// The `metadata` of an `ErrorInfo`.
    pub(crate) metadata: Value,
    /// Which fields are wrong, of a `BadRequest`.
    pub(crate) fields: Vec<String>,
    /// The addresses of a `Help`.
    pub(crate) links: Vec<String>,
    /// How long to wait, of a `RetryInfo`, in seconds.
    pub(crate) retry_after: Option<f64>,
}

impl Error {
    /// Whether Google refused with this status.
    pub(crate) fn is(&self, status: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == status)
    }

    /// What Google refused with.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Failed(_) => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Failed(failure) => failure,
            Error::Refused(refusal) => (*refusal).into(),
        }
    }
}

impl Refusal {
    /// Takes in a `google.rpc.Status`, which a stream puts into an array.
    pub(super) fn read(&mut self, answer: &Value) {
        let answer = answer.get(0).unwrap_or(answer);
        let error = answer.get("error").unwrap_or(answer);
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        if let Some(status) = text(error, "status") {
            self.status = status;
        } else if let Some(status) = error.get("code").and_then(Value::as_u64).and_then(name_of) {
            self.status = status.to_owned();
        }
        if let Some(message) = text(error, "message") {
            self.message = message.trim().to_owned();
        }
        let details = error.get("details").and_then(Value::as_array);
        for detail in details.into_iter().flatten() {
            let kind = detail
                .get("@type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let each = |name: &str, field: &str| -> Vec<String> {
                let items = detail.get(name).and_then(Value::as_array);
                items
                    .into_iter()
                    .flatten()
                    .filter_map(|item| text(item, field))
                    .collect()
            };
            match kind.rsplit('.').next().unwrap_or_default() {
                "ErrorInfo" => {
                    self.reason = text(detail, "reason");
                    self.metadata = detail.get("metadata").cloned().unwrap_or_default();
                }
                "Help" => self.links.extend(each("links", "url")),
                "BadRequest" => self.fields.extend(each("fieldViolations", "field")),
                "RetryInfo" => {
                    let delay = text(detail, "retryDelay").unwrap_or_default();
                    self.retry_after = delay.trim_end_matches('s').parse().ok();
                }
                _ => {}
            }
        }
    }

    /// A value of the `ErrorInfo`.
    pub(super) fn about(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.as_str()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = match refusal.status.as_str() {
            "UNAUTHENTICATED" | "PERMISSION_DENIED" => Exit::NoPermission,
            "UNAVAILABLE" | "RESOURCE_EXHAUSTED" | "DEADLINE_EXCEEDED" | "INTERNAL" => {
                Exit::Unavailable
            }
            _ => Exit::Data,
        };
        let mut sentence = format!(
            "{}.googleapis.com refuses {} with {}: {}",
            refusal.api, refusal.call, refusal.status, refusal.message
        );
        let unsaid = |field: &&String| !refusal.message.contains(field.as_str());
        let fields: Vec<_> = refusal.fields.iter().filter(unsaid).cloned().collect();
        if !fields.is_empty() {
            sentence += &format!(" (fields: {})", fields.join(", "));
        }
        let failure = Failure::new(exit, sentence);
        let mut helps = remedy::of(&refusal).unwrap_or_default();
        // Google's own page says it best, unless the text has sent the reader there.
        let seen = |link: &&String| !refusal.message.contains(link.as_str());
        if let Some(link) = refusal.links.iter().find(seen) {
            helps = format!("{helps} See {link}").trim_start().to_owned();
        }
        if helps.is_empty() {
            failure
        } else {
            failure.remedy(helps)
        }
    }
}

/// The status of an HTTP answer that is none of `google.rpc.Status`.
pub(super) fn status_of(code: u16) -> &'static str {
    match code {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        412 => "FAILED_PRECONDITION",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

/// The name of a `google.rpc.Code`, by which long operations say how they ended.
fn name_of(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "CANCELLED",
        2 => "UNKNOWN",
        3 => "INVALID_ARGUMENT",
        4 => "DEADLINE_EXCEEDED",
        5 => "NOT_FOUND",
        6 => "ALREADY_EXISTS",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        9 => "FAILED_PRECONDITION",
        10 => "ABORTED",
        11 => "OUT_OF_RANGE",
        12 => "UNIMPLEMENTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        15 => "DATA_LOSS",
        16 => "UNAUTHENTICATED",
        _ => return None,
    })
}
