//! Components in OCI registries: how the tool publishes them and how the host loads them.
//!
//! An artifact is what the tools of the Bytecode Alliance write: a manifest whose config is of type
//! `application/vnd.wasm.config.v0+json` and whose one layer, `application/wasm`, is the component. All
//! content is named by its SHA-256, which is compared on every byte that is read ([`Digest`]); a
//! signature ([`PublicKey`], [`PrivateKey`]) is one of cosign's, over the digest of the manifest.
//!
//! A container's image, of host and component, is published the same way ([`ImageConfig`]).
//!
//! This crate speaks the protocol of registries and sends nothing itself: the tool and the host lend it
//! their way out ([`Transport`]) and their credentials ([`Keyring`]). Credentials go to the origin of the
//! registry, and to the token service that it names by Docker's protocol, and nowhere else.

mod artifact;
mod client;
mod credentials;
mod digest;
mod error;
mod image;
mod reference;
mod signature;

pub use artifact::{
    COMPILED_LAYER, COMPONENT_LAYER, Descriptor, MANIFEST, Manifest, WASM_CONFIG, WasmConfig, World,
};
pub use client::{Body, Client, Found, Kept, Keyring, Limits, Login, Progress, Sent, Transport};
pub use credentials::{Credential, DockerConfig, is_googles};
pub use digest::Digest;
pub use error::Error;
pub use image::{History, IMAGE_CONFIG, IMAGE_LAYER, ImageConfig, Process, RootFilesystem};
pub use reference::{Reference, Version};
pub use signature::{KeyError, PrivateKey, PublicKey, SIGNATURE_LAYER};
