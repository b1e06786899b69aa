//! The agent card (section 8): what the agent says of itself, completed with where it is reached.
//!
//! An agent writes one card, in the form of 1.0. From there it goes one way: [`security`] puts in what
//! the host asks of callers, [`lint`] refuses a card that some client would refuse later, [`complete`]
//! adds the interfaces and capabilities, which are the engine's to promise, [`form`] chooses between
//! the 1.0 form and the one that 0.3 clients can read too, [`signature`] has the host vouch for it, and
//! [`serve`] answers the request.

mod complete;
mod conditional;
mod form;
mod hybrid;
mod lint;
mod security;
mod serve;
mod signature;
pub(crate) mod v0_3;

pub(crate) use complete::complete;
pub use lint::lint;
pub(crate) use lint::require_valid;
pub(crate) use security::secure;
pub(crate) use serve::{is_card, serve};
pub use signature::canonical_forms;
pub(crate) use signature::sign;
