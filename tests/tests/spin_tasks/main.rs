//! The task log of the Spin adapter, seen from agents in other requests.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod fixture;
mod log;
mod runs;
