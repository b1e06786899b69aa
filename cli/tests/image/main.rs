//! `attache image` from outside: what it makes is an image, a registry takes it, and it starts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[allow(dead_code, reason = "the tests of registries use all of it")]
#[path = "../registry/front.rs"]
mod front;
#[allow(dead_code, reason = "the tests of registries use all of it")]
#[path = "../registry/store.rs"]
mod store;
#[allow(dead_code, reason = "the tests of registries use all of it")]
#[path = "../registry/tool.rs"]
mod tool;

mod layouts;
mod published;
mod refused;
mod starting;
mod work;
