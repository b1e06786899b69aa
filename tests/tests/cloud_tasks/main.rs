//! Work after the response, by a queue: enqueued, called for, retried, called for twice, and what
//! happens when any of that goes wrong.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod calls;
mod fixture;
mod queue;
mod start;
mod task;
mod trouble;
