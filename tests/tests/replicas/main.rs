//! Several hosts on one PostgreSQL: any of them serves any task, and takes over what another leaves.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod anywhere;
mod faults;
mod hosts;
mod kill;
mod leases;
mod login;
mod pooler;
mod retention;
mod sigterm;
mod start;
