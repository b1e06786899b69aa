//! What a component looks like in a registry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The media type of a manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Manifests of many platforms, in the two forms that there are.
pub(crate) const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// The media type of a component's config, and so the type of the artifact.
pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of a component.
pub const COMPONENT_LAYER: &str = "application/wasm";
/// What older tools call the same.
const OLD_COMPONENT_LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// The media type of what `attache-host compile` makes of a component.
pub const COMPILED_LAYER: &str = "application/vnd.attache.cwasm";

/// Names content, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its SHA-256.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What else there is to say of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Of this content.
    pub fn of(media_type: &str, content: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(content),
            size: content.len() as u64,
            annotations: BTreeMap::new(),
        }
    }
}

/// An artifact: a config and layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// [`MANIFEST`]; others may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What the artifact is, when its config does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// About the layers.
    pub config: Descriptor,
    /// The content.
    pub layers: Vec<Descriptor>,
    /// What else there is to say of it, such as `org.opencontainers.image.created`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// A component, or what was compiled from one.
    pub fn of_component(
        config: Descriptor,
        layer: Descriptor,
        annotations: BTreeMap<String, String>,
    ) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: Some(WASM_CONFIG.to_owned()),
            config,
            layers: vec![layer],
            annotations,
        }
    }

    /// A container's image, the lowest layer first.
    pub fn of_image(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            annotations: BTreeMap::new(),
        }
    }

    /// As it is sent.
    pub fn bytes(&self) -> Vec<u8> {
        // A structure of texts and numbers always is JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The digest under which it is found once it is published.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }

    /// The one layer that is a component.
    pub(crate) fn component(&self) -> Result<&Descriptor, String> {
        let [layer] = self.layers.as_slice() else {
            return Err(format!(
                "a component has one layer, and this has {} (its config is {})",
                self.layers.len(),
                shown(&self.config.media_type)
            ));
        };
        match layer.media_type.as_str() {
            COMPONENT_LAYER | OLD_COMPONENT_LAYER | COMPILED_LAYER => Ok(layer),
            other => Err(format!(
                "its layer is {}, and not {COMPONENT_LAYER}",
                shown(other)
            )),
        }
    }
}

/// What a registry wrote, for an error.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 200;
    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MOST)
        .collect();
    format!("{text:?}")
}

/// The config of a component: what the Bytecode Alliance's tools write and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WasmConfig {
    /// When, in RFC 3339.
    pub created: String,
    /// Always `wasm`.
    pub architecture: String,
    /// `wasip2` for a component.
    pub os: String,
    /// The digests of the layers, which keep configs of different components apart.
    pub layer_digests: Vec<Digest>,
    /// What the component wants and gives.
    pub component: Option<World>,
}

/// The interfaces of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// What it gives.
    pub exports: Vec<String>,
    /// What it wants.
    pub imports: Vec<String>,
    /// The world that it was made for, if that is known.
    pub target: Option<String>,
}

impl WasmConfig {
    /// Of the component in this layer; what it wants and gives is not said of compiled code.
    pub fn new(created: String, layer: Digest, world: Option<World>) -> Self {
        Self {
            created,
            architecture: "wasm".to_owned(),
            os: "wasip2".to_owned(),
            layer_digests: vec![layer],
            component: world,
        }
    }
}
