//! An agent's project on this machine: its manifest, its component, and the host that runs it.

mod build;
mod dev;
mod host;
mod host_log;
mod name;
mod program;
mod sdk;
mod sources;
mod template;

pub(crate) use build::{Build, Built};
pub(crate) use dev::{Dev, Served};
pub(crate) use host::{Host, HostEnded, HostPlan};
pub(crate) use name::Name;
pub(crate) use program::HostProgram;
pub(crate) use sdk::{Sdk, own_checkout};
pub(crate) use template::{Template, require_vacant};
