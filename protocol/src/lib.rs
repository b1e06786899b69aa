//! The A2A server engine.
//!
//! It turns an HTTP request into an answer: routing, the three bindings, versions, validation, the
//! operations, the state of a task, streams. It does no I/O and knows no WASI: the clock, randomness,
//! configuration and the task log come through [`Platform`] and [`TaskLog`], so the engine is tested
//! natively and a shell for another world can be put around it.
//!
//! - [`wire`]: the data model
//! - [`Agent`], [`Context`]: what an agent author writes and is given
//! - [`Server`]: the way in
//! - [`TaskLog`], [`Platform`]: the way out
//! - [`Error`]: every error, and how each binding spells it

mod agent;
mod binding;
mod card;
mod cors;
mod error;
mod extension;
mod log;
mod operation;
mod platform;
mod public_url;
mod run;
mod server;
mod version;
/// The objects of 0.3, as its clients send and read them.
pub mod v0_3 {
    pub use crate::binding::v0_3::{Form, old_message as message};
    pub use crate::card::v0_3::card;
}
pub mod wire;

pub use agent::{Agent, Context, Creation, Failure, Handle, Outcome};
pub use card::{canonical_forms, lint};
pub use error::{Error, ErrorKind, Violation};
pub use log::{
    Begun, Change, Cursor, LogError, MAX_CHECKPOINT_BYTES, MessageKey, Opening, Page, Placement,
    Progress, PushConfig, Query, Run, SharedLog, Started, StoredEvent, StoredSnapshot, StoredTask,
    TaskLog,
};
pub use platform::{Caller, CardSignature, Platform};
pub use run::Frame;
pub use server::{Answer, Body, Piece, Server, too_large};
