//! The host of Attaché: runs an A2A agent that is a WebAssembly component.
//!
//! [`App`] puts the parts together. From the outside in: [`server`] accepts connections, [`service`]
//! answers a request, [`agent`] is the loaded component, [`instance`] what one request runs in.
//! What a component may do are capabilities, one module each: [`tasks`], [`outbound`], [`settings`],
//! [`identity`], [`card_signer`], [`usage`]; [`push`] tells others of what it did, and [`dispatch`] finds a
//! place for work that outlives its request. What operators see and ask is [`telemetry`] and
//! [`admin`]. Each says which of its parts
//! live as long as the process, the component, or the
//! request.

pub mod admin;
pub mod admission;
pub mod agent;
pub mod app;
mod bindings;
pub mod card_signer;
pub mod cloud_run;
pub mod compile;
pub mod component;
pub mod config;
pub mod dead_letters;
pub mod dispatch;
pub mod ending;
pub mod engine;
pub mod google;
pub mod health;
mod hex;
pub mod identity;
pub mod instance;
pub mod life;
mod memory;
pub mod metadata;
pub mod outbound;
mod paths;
pub mod push;
mod recent;
pub mod registry;
pub mod secret;
pub mod server;
pub mod service;
pub mod settings;
pub mod signals;
pub mod tasks;
pub mod telemetry;
pub mod usage;
pub mod work;

pub use app::App;
