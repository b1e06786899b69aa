//! What is wrong with an agent on Cloud Run, as its configuration, its card and what it needs show it.
//!
//! A check is a function of the [`Subject`] that gives [`Finding`]s; it asks Google for what only it
//! needs. What cannot be read is a finding too: nobody is told that all is well who was not looked at.

mod access;
mod account;
mod card;
mod database;
mod finding;
mod locate;
mod model;
mod queue;
mod registration;
mod revision;
mod secrets;
mod serving;
mod subject;

pub(crate) use finding::{Finding, Severity};
pub(crate) use locate::Wanted;
pub(crate) use subject::{Given, Subject};

/// Everything that is wrong, in the order in which it is best mended.
pub(crate) async fn examine(subject: &Subject) -> Vec<Finding> {
    let mut found = revision::check(subject).await;
    found.extend(card::check(subject));
    found.extend(access::check(subject));
    found.extend(serving::check(subject));
    found.extend(account::check(subject));
    found.extend(secrets::check(subject).await);
    found.extend(database::check(subject).await);
    found.extend(queue::check(subject).await);
    found.extend(model::check(subject));
    found.extend(registration::check(subject).await);
    found.extend(subject.unread.iter().cloned());
    found
}

/// The names of the checks.
pub(crate) const CHECKS: [&str; 16] = [
    "revision",
    "card",
    "invoker",
    "public-access",
    "ingress",
    "billing",
    "probes",
    "streaming",
    "scaling",
    "service-account",
    "secrets",
    "database",
    "queue",
    "model",
    "registration",
    "permissions",
];
