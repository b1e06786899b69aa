//! Webhooks: posts the events of tasks to those who registered for them.
//!
//! What is to be sent stands in the task log's outbox, written in the transaction that appended the
//! events, so nothing is lost with the process and every event is delivered at least once, or noted
//! as a dead letter. The [`Deliverer`] is woken by appends and by the clock, claims the webhooks that
//! are behind, and sends each its events one after the other. Each receiver has a share of what is
//! sent at the same time, so one that does not answer holds up nobody else.
//!
//! How an answer is judged, when to try again and when to give up are the task log's rules
//! (`attache_task_store::Patience`): the Spin adapter has the same.
//!
//! The body of a notification is the stored event as it is: the host knows nothing of what is in it.
//! For a client of an older version the component makes the body ([`Translate`]).
//!
//! Lifetimes: one [`Deliverer`] per process; nothing per component or request.

mod deliverer;
mod notification;
mod post;
mod receivers;
mod sender;
mod signer;
mod warned;

pub use deliverer::{Deliverer, DelivererSettings};
pub use notification::Translate;
pub(crate) use sender::host_of;
pub use signer::{NotificationSigner, PushSigning};
