//! Webhooks: posts the events of tasks to those who registered for them.
//!
//! What is to be sent stands in the task log's outbox, written in the transaction that appended the
//! events, so nothing is lost with the process and every event is delivered at least once. The
//! [`Deliverer`] is woken by appends and by the clock, claims the webhooks that are behind, and sends
//! each its events one after the other; a webhook that does not answer holds up nobody else.
//!
//! The body of a notification is the stored event as it is: the host knows nothing of what is in it.
//! For a client of an older version the component makes the body ([`Translate`]).
//!
//! Lifetimes: one [`Deliverer`] per process; nothing per component or request.

mod deliverer;
mod notification;
mod outcome;
mod patience;
mod warned;

pub use deliverer::Deliverer;
pub use notification::Translate;
