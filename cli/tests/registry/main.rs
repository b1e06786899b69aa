//! A component on its way: published by the tool in a real registry (Debian's docker-registry, on
//! loopback), fetched by the tool, loaded and swapped by the host.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod credentials;
mod front;
mod google;
mod host;
mod publish;
mod signed;
mod store;
mod swap;
mod tool;
