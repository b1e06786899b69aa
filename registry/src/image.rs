//! What a container's image looks like: OCI's image specification, as far as one process needs it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Digest;

/// The media type of an image's config.
pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of a layer: a tar file, compressed by gzip.
pub const IMAGE_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The config of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageConfig {
    /// When, in RFC 3339.
    pub created: String,
    /// The processor, in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
    /// What is started.
    pub config: Process,
    /// What it finds.
    pub rootfs: RootFilesystem,
    /// Where each layer is from.
    pub history: Vec<History>,
}

/// The process of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Process {
    /// `UID:GID`.
    pub user: String,
    /// `PORT/tcp`, each with nothing behind it.
    pub exposed_ports: BTreeMap<String, Empty>,
    /// `NAME=VALUE`.
    pub env: Vec<String>,
    /// The program and its arguments.
    pub entrypoint: Vec<String>,
    /// What else there is to say of the image.
    pub labels: BTreeMap<String, String>,
}

/// Go's empty structure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Empty {}

/// The layers, unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RootFilesystem {
    /// Always `layers`.
    pub r#type: String,
    /// The digest of each layer's tar file, before it was compressed.
    pub diff_ids: Vec<Digest>,
}

impl RootFilesystem {
    /// Of these layers, the lowest first.
    pub fn of(diff_ids: Vec<Digest>) -> Self {
        Self {
            r#type: "layers".to_owned(),
            diff_ids,
        }
    }
}

/// Where a layer is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// When, in RFC 3339.
    pub created: String,
    /// What made it.
    pub created_by: String,
}
