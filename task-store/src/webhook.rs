//! Webhooks and what is to be sent to them: the records of the contract.

use std::fmt;

use crate::{Event, Scope};

/// A webhook for the events of one task. Its `Debug` form shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct PushConfig {
    /// Unique within its task.
    pub id: String,
    /// Where events are posted to.
    pub url: String,
    /// What shows the receiver that it asked for this.
    pub token: Option<String>,
    /// How the receiver wants to be authenticated to.
    pub authentication: Option<Authentication>,
    /// The protocol version of the client that registered it.
    pub protocol_version: String,
}

/// What a receiver wants to see. Its `Debug` form shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Authentication {
    /// `Bearer`, `Basic` and so on.
    pub scheme: String,
    /// What follows the scheme; empty for nothing.
    pub credentials: String,
}

impl fmt::Debug for PushConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushConfig")
            .field("id", &self.id)
            .field("protocol_version", &self.protocol_version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// The right to send one webhook what it has not been sent yet, until somebody else claims it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryClaim {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The webhook.
    pub config_id: String,
    /// Which claim of the webhook this is.
    pub fence: i64,
}

/// One event that a webhook is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The right to send it.
    pub claim: DeliveryClaim,
    /// Where to.
    pub config: PushConfig,
    /// What.
    pub event: Event,
    /// The number of the newest event that the webhook was to be sent at that time.
    pub newest: u64,
    /// How often this event was tried before.
    pub attempts: u64,
    /// When it became the next one, in milliseconds since the epoch; 0 when that is not known.
    pub since: u64,
}
