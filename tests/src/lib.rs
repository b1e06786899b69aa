//! What the end-to-end tests share.
//!
//! [`spin`] runs an agent as Spin 4.0.2 would; [`guests`] builds the components that tests run;
//! [`server`] starts the host and other servers, [`postgres`] databases; [`clients`] runs the official
//! clients, and [`wire`] the corpus of requests and answers.

pub mod clients;
pub mod guests;
pub mod postgres;
pub mod server;
pub mod spin;
pub mod wire;
