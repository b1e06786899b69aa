//! The host from outside: the real binary, a component that does what a request asks for, and
//! clients over TCP. One module per behaviour.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it finds what it did not expect"
)]

mod agents;
mod answers;
mod bystander;
mod callers;
mod capabilities;
mod card;
mod client;
mod collector;
mod component_files;
mod configuration;
mod configuration_file;
mod dead_letters;
mod elsewhere;
mod guest_limits;
mod hostile;
mod hostile_reach;
mod identity;
mod issuer;
mod limit_counts;
mod limits;
mod log_fields;
mod logs;
mod metrics;
mod name_server;
mod narrow;
mod outbound;
mod process;
mod push;
mod push_faults;
mod push_signatures;
mod queue;
mod rates;
mod raw;
mod receiver;
mod registry;
mod rotation;
mod shutdown;
mod slow_callers;
mod streaming;
mod swap;
mod tasks;
mod traces;
