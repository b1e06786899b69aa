//! The kinds of steps: what each shows in a plan, and how it is done.
//!
//! Each looks before it leaps, so that what is there already stays as it is, and a run that was broken
//! off is taken up again by the next.

mod account;
mod apis;
mod card;
mod database;
mod grants;
mod queue;
mod ready;
mod same;
mod secret;
mod service;

pub(super) use account::account;
pub(super) use apis::apis;
pub(super) use card::card;
pub(super) use database::database;
pub(super) use grants::grant;
pub(super) use queue::queue;
pub(super) use ready::ready;
pub(super) use secret::secret;
pub(super) use service::service;

use serde::Serialize;

use super::apply::Work;
use super::grant::Grant;
use crate::failure::Failure;

/// What a step does.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Apis,
    Account,
    Secret(String),
    Queue,
    Database,
    Grant(Grant),
    Service,
    Ready,
    Card,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It was so already.
    Unchanged,
    /// It was not there.
    Created,
    /// It was there, and otherwise.
    Changed,
    /// It was looked at, and is right.
    Checked,
    /// It could not be looked at, which is no fault of it.
    Skipped,
}

impl Action {
    pub(super) async fn apply(&self, work: &Work<'_>) -> Result<Outcome, Failure> {
        match self {
            Self::Apis => apis::apply(work).await,
            Self::Account => account::apply(work).await,
            Self::Secret(name) => secret::apply(work, name).await,
            Self::Queue => queue::apply(work).await,
            Self::Database => database::apply(work).await,
            Self::Grant(grant) => grants::apply(work, grant).await,
            Self::Service => service::apply(work).await,
            Self::Ready => ready::apply(work).await,
            Self::Card => card::apply(work).await,
        }
    }
}
