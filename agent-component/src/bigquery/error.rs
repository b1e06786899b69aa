//! Why BigQuery gave nothing.

use http::header::WWW_AUTHENTICATE;
use http::{Response, StatusCode};

use super::settings::sized;
use super::wire::{ErrorBody, ErrorStatus};

/// The scope that a token needs.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";

/// Why there is no answer of BigQuery, in a sentence for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BigQueryError {
    /// There is no token of the user's, or the host may not be reached.
    #[error(
        "BigQuery is asked with your own permissions, and this request came without an access token of \
         yours. Sign in with Google and allow the scope {SCOPE}: in Gemini Enterprise, the agent's \
         authorization has to ask for it. (Whoever runs this agent: {host} has to be in the list of \
         allowed hosts, and its credentials have to be `caller`.)"
    )]
    NoToken {
        /// Where BigQuery is.
        host: String,
    },
    /// The token was refused.
    #[error(
        "BigQuery does not accept the access token that came with this request: it has expired, or is \
         not one of Google's. Sign in again; in Gemini Enterprise, authorize the agent again, with the \
         scope {SCOPE}."
    )]
    Unauthorized,
    /// The token is not for BigQuery.
    #[error(
        "The access token that came with this request is not for BigQuery. Grant the scope {SCOPE}: in \
         Gemini Enterprise, add it to the agent's authorization, then authorize the agent again."
    )]
    MissingScope,
    /// The user may not.
    #[error("BigQuery refuses this to you: {0}")]
    Forbidden(String),
    /// There is no such thing.
    #[error("BigQuery does not find it: {0}")]
    NotFound(String),
    /// BigQuery cannot read the query, in its own words.
    #[error("BigQuery cannot run the query: {0}")]
    Invalid(String),
    /// Not a query.
    #[error("{0}")]
    Refused(String),
    /// It would read too much.
    #[error(
        "This query would read {}, and the limit is {}. Nothing was run. Name fewer columns, or filter \
         on the column by which the table is partitioned.", sized(*bytes), sized(*limit)
    )]
    TooMuch {
        /// What it would read, in bytes.
        bytes: u64,
        /// What it may, in bytes.
        limit: u64,
    },
    /// It took too long, and was ended.
    #[error("BigQuery did not finish the query within {0} s, so it was cancelled.")]
    TooSlow(u64),
    /// A quota is used up.
    #[error("BigQuery refuses the query because a quota is used up: {0}")]
    Quota(String),
    /// It cannot be reached, is overloaded or says what cannot be read, after all attempts.
    #[error("BigQuery is not available: {0}")]
    Unavailable(String),
}

/// What to do about an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Ask again.
    Again(BigQueryError),
    /// Asking again changes nothing.
    Final(BigQueryError),
}

impl BigQueryError {
    /// True when the user has to sign in, or grant more: the task waits for that.
    #[must_use]
    pub fn needs_authorization(&self) -> bool {
        matches!(
            self,
            Self::NoToken { .. } | Self::Unauthorized | Self::MissingScope
        )
    }

    /// What an answer that is no success says.
    pub(super) fn of(response: &Response<Vec<u8>>) -> Judged {
        let status = response.status();
        let ErrorBody { error } = serde_json::from_slice(response.body()).unwrap_or_default();
        let said = said(&error, status);
        let reason = error.errors.first().map_or("", |e| e.reason.as_str());
        let again = match reason {
            "rateLimitExceeded"
            | "backendError"
            | "internalError"
            | "jobBackendError"
            | "jobInternalError"
            | "jobRateLimitExceeded" => true,
            _ => matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504),
        };
        let error = match (status, reason) {
            (StatusCode::UNAUTHORIZED, _) => Self::Unauthorized,
            (StatusCode::FORBIDDEN, _) if lacks_scope(response, &error) => Self::MissingScope,
            (_, "quotaExceeded" | "billingTierLimitExceeded") => Self::Quota(said),
            (_, "bytesBilledLimitExceeded" | "invalidQuery" | "invalid" | "resourcesExceeded") => {
                Self::Invalid(said)
            }
            _ if again => Self::Unavailable(said),
            (StatusCode::FORBIDDEN, _) => Self::Forbidden(said),
            (StatusCode::NOT_FOUND, _) => Self::NotFound(said),
            _ if status.is_client_error() => Self::Invalid(said),
            _ => Self::Unavailable(said),
        };
        if again {
            Judged::Again(error)
        } else {
            Judged::Final(error)
        }
    }
}

fn lacks_scope(response: &Response<Vec<u8>>, error: &ErrorStatus) -> bool {
    let challenges = response.headers().get_all(WWW_AUTHENTICATE);
    let by_header = challenges
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("insufficient_scope"));
    let by_detail = error.details.iter().any(|detail| {
        detail.get("reason").and_then(|r| r.as_str()) == Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    });
    let by_reason = error.errors.iter().any(|error| {
        error.reason == "insufficientPermissions" || error.reason == "insufficientScopes"
    });
    by_header || by_detail || (by_reason && error.message.to_ascii_lowercase().contains("scope"))
}

/// BigQuery's own sentence, or its status.
fn said(error: &ErrorStatus, status: StatusCode) -> String {
    const MAX_CHARACTERS: usize = 600;
    let message = error.message.trim();
    if message.is_empty() {
        return format!("it answered with HTTP status {}.", status.as_u16());
    }
    let mut said: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_CHARACTERS)
        .collect();
    if !said.ends_with(['.', '!', '?']) {
        said.push('.');
    }
    said
}
