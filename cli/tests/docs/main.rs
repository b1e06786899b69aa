//! The documentation is true where a test can tell: links, names, and the commands of the tutorial.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod links;
mod names;
mod pages;
mod run;
