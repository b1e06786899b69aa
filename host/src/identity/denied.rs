use std::time::Duration;

/// A request that is not served for want of a caller, and how the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// What kind of refusal it is.
    pub denial: Denial,
    /// For the caller. Shows nothing of the credential.
    pub message: String,
    /// The values of `WWW-Authenticate`: what would be accepted, and what was wrong (RFC 6750).
    pub challenges: Vec<String>,
}

/// The kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// There is no credential, or none that is accepted: 401.
    Unauthenticated,
    /// The caller is known, and may not call: 403.
    Forbidden,
    /// Whether the credential is good cannot be told for now: 503.
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}
