//! The reference agent: a data analyst.
//!
//! [`analysis`] does the work and knows neither WASI nor A2A; [`Analyst`] makes an agent of it,
//! [`bigquery`] reads what users have elsewhere, and [`Shelf`] keeps a conversation's tables between turns.

pub mod analysis;
mod analyst;
pub mod bigquery;
mod shelf;

pub use analyst::Analyst;
pub use shelf::Shelf;

// Native linkers refuse the names of a component's exports; tests link this library natively.
#[cfg(target_family = "wasm")]
attache_sdk::export!(Analyst);
