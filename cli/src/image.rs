//! An agent's container image, made without a container's tools: a static host, a component, a folder for
//! data, and nothing else. It is what the Dockerfile makes.
//!
//! The host is a layer of its own, and the same for every agent. The same input is the same image: nothing in
//! it says when or where it was made.

mod assembly;
mod compile;
mod host;
mod layer;
mod layout;

pub(crate) use assembly::{Assembly, Image};
pub(crate) use compile::{Carried, Compiling};
pub(crate) use host::{Architecture, StaticHost};
pub(crate) use layout::Layout;
