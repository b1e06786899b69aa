//! `attache` as a client: the real program against this project's host, against the official Python
//! server, and against servers that do what servers do on a bad day.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod attache;
mod calls;
mod cards;
mod credentials;
mod docs;
mod fake;
mod messages;
mod servers;
mod streams;
