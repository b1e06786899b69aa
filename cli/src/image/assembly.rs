//! From a host and a component to an image.

use std::collections::BTreeMap;
use std::io;

use attache_registry::{
    Client, Descriptor, Digest, Error, History, IMAGE_CONFIG, ImageConfig, Manifest, Process,
    Reference, RootFilesystem, Sent,
};
use bytes::Bytes;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::layer::{Entry, Layer};
use super::{Architecture, Carried, StaticHost};
use crate::failure::{Exit, Failure};

/// Who runs, and owns the data: "nonroot" in the usual minimal images.
const NOBODY: u64 = 65532;
const ROOT: u64 = 0;

/// What an image is made of.
#[derive(Debug)]
pub(crate) struct Assembly {
    /// The program.
    pub(crate) host: StaticHost,
    /// The agent.
    pub(crate) agent: Carried,
    /// What else there is to say of it.
    pub(crate) labels: BTreeMap<String, String>,
}

/// An image, whole.
#[derive(Debug)]
pub(crate) struct Image {
    /// What it runs on.
    pub(crate) architecture: Architecture,
    /// Names the config and the layers.
    pub(crate) manifest: Manifest,
    /// As its descriptor says.
    pub(crate) config: Bytes,
    /// That of the host, and that of the component above it.
    pub(crate) layers: [Layer; 2],
}

impl Assembly {
    /// Packs and compresses, which takes seconds.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) async fn make(self) -> Result<Image, Failure> {
        let failed = |why: String| {
            Failure::new(Exit::Software, format!("the image cannot be packed: {why}"))
        };
        let Self {
            host,
            agent,
            labels,
        } = self;
        let (program, carried) = (host.content, agent.clone());
        let below = tokio::task::spawn_blocking(move || of_host(&program));
        let above = tokio::task::spawn_blocking(move || of_agent(&carried));
        let (below, above) =
            tokio::try_join!(below, above).map_err(|error| failed(error.to_string()))?;
        let layers = [below, above].map(|layer| layer.map_err(|error| failed(error.to_string())));
        let [below, above] = layers;
        let layers = [below?, above?];
        let config = config(host.architecture, agent.name, labels, &layers);
        let config = serde_json::to_vec(&config).map_err(|error| failed(error.to_string()))?;
        let described = Descriptor::of(IMAGE_CONFIG, &config);
        let descriptors = layers.each_ref().map(|layer| layer.descriptor.clone());
        Ok(Image {
            architecture: host.architecture,
            manifest: Manifest::of_image(described, descriptors.into()),
            config: config.into(),
            layers,
        })
    }
}

impl Image {
    /// The digest under which it is known.
    pub(crate) fn digest(&self) -> Digest {
        self.manifest.digest()
    }

    /// Publishes it.
    ///
    /// # Errors
    /// When the registry refuses.
    pub(crate) async fn push(
        &self,
        client: &Client,
        reference: &Reference,
    ) -> Result<Vec<Sent>, Error> {
        let layers = self.layers.each_ref().map(|layer| layer.content.clone());
        client
            .push(
                reference,
                &self.manifest,
                self.config.clone(),
                layers.into(),
            )
            .await
    }
}

fn of_host(program: &[u8]) -> io::Result<Layer> {
    Layer::of(&[
        Entry {
            path: StaticHost::FILE,
            content: Some(program),
            mode: 0o755,
            owner: ROOT,
        },
        Entry {
            path: "data/",
            content: None,
            mode: 0o750,
            owner: NOBODY,
        },
    ])
}

fn of_agent(agent: &Carried) -> io::Result<Layer> {
    Layer::of(&[Entry {
        path: agent.name,
        content: Some(&agent.content),
        mode: 0o644,
        owner: ROOT,
    }])
}

/// The Dockerfile says the same.
fn config(
    architecture: Architecture,
    agent: &str,
    labels: BTreeMap<String, String>,
    layers: &[Layer],
) -> ImageConfig {
    let created = created();
    let made_by = |created_by: &str| History {
        created: created.clone(),
        created_by: format!("attache image: {created_by}"),
    };
    ImageConfig {
        architecture: architecture.name().to_owned(),
        os: "linux".to_owned(),
        config: Process {
            user: format!("{NOBODY}:{NOBODY}"),
            exposed_ports: BTreeMap::from([("8080/tcp".to_owned(), Default::default())]),
            env: vec![
                "ATTACHE_HOST=0.0.0.0".to_owned(),
                format!("ATTACHE_COMPONENT=/{agent}"),
                "ATTACHE_DATA_DIR=/data".to_owned(),
            ],
            entrypoint: vec![format!("/{}", StaticHost::FILE), "serve".to_owned()],
            labels,
        },
        rootfs: RootFilesystem::of(layers.iter().map(|layer| layer.diff_id).collect()),
        history: vec![made_by("the host"), made_by("the component")],
        created,
    }
}

/// At the beginning of time, so that the same input is the same image; or what builds say that are to be
/// repeated.
fn created() -> String {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    let epoch = epoch.and_then(|seconds| seconds.parse().ok());
    let time = epoch.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}
