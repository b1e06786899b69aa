//! The host from outside: the real binary, a component that does what a request asks for, and
//! clients over TCP. One module per behaviour.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it finds what it did not expect"
)]

mod answers;
mod bystander;
mod capabilities;
mod card;
mod client;
mod component_files;
mod configuration;
mod dead_letters;
mod guest_limits;
mod hostile;
mod hostile_reach;
mod limits;
mod logs;
mod outbound;
mod process;
mod push;
mod push_faults;
mod push_signatures;
mod raw;
mod receiver;
mod shutdown;
mod streaming;
mod tasks;
