//! What the end-to-end tests share.
//!
//! [`spin`] runs an agent as Spin 4.0.2 would; [`guests`] builds the components that tests run;
//! [`server`] starts the host and other servers, [`postgres`] gives them databases, [`clients`] runs the
//! official clients, [`a2a`] is a plain one, [`container`] is a process in a root filesystem, [`receiver`] takes webhooks,
//! [`metadata`] says what Google Cloud would, [`models`] what language models would, [`bigquery`]
//! answers as BigQuery, [`evaluation`] holds an agent to known answers, and [`wire`] is the corpus of
//! requests and answers.

pub mod a2a;
pub mod bigquery;
pub mod clients;
pub mod container;
pub mod evaluation;
pub mod guests;
pub mod metadata;
pub mod models;
pub mod postgres;
pub mod receiver;
pub mod server;
pub mod spin;
pub mod wire;
