//! An agent as Spin 4.0.2 runs it.
//!
//! `spin` itself is not needed to test that a component works under it: what a component can see of
//! Spin is which interfaces it links, what they answer, and how a request travels. This module gives
//! exactly that and no more. A component that imports anything beyond Spin's list is refused with the
//! names; the semantics that differ from a plain wasmtime host (one statement per SQL call, no
//! `TCP_NODELAY`, a handler that outlives its client, an abort instead of a drain) are kept on purpose.
//!
//! What is deliberately smaller than Spin: one component on the route `/...`; of Spin's own
//! interfaces only `spin:sqlite` and `wasi:config` (an agent may import no other); sockets are linked
//! but every address is denied; instances are not pooled, so timings say nothing about Spin's.

mod app;
mod bindings;
mod compiled;
mod compose;
mod config;
mod denied;
mod error;
mod handler;
mod hosts;
mod log;
mod manifest;
mod offer;
mod outbound;
mod platform;
mod sqlite;
mod state;
mod variables;

pub use app::SpinApp;
pub use config::{Database, Dependency, Inherit, SpinConfig};
pub use error::SpinError;
pub use platform::call;
