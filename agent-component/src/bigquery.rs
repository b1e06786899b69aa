//! BigQuery, as the user.
//!
//! A client of BigQuery's REST API (v2) that reads: one `SELECT` at a time, after a dry run has shown that
//! it is one and how much it would read. It sends no credential. Whoever runs the component adds the
//! caller's own token on the way (`--credentials https://bigquery.googleapis.com=caller`), so what a user
//! may not see, the agent cannot show, and no token is here to be lost.
//!
//! [`Transport`] is what carries requests, so that all of it is tested natively.

mod arguments;
mod client;
mod error;
mod job;
mod listing;
mod rows;
mod settings;
mod statement;
mod transport;
mod wire;

pub use arguments::{Describe, ListDatasets, Query};
pub use client::{BigQuery, Rows};
pub use error::BigQueryError;
pub use settings::{Settings, is_for_bigquery};
pub use transport::{Outbound, Transport, TransportError};
