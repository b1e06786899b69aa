//! `attache push COMPONENT REFERENCE`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use attache_registry::{
    COMPILED_LAYER, COMPONENT_LAYER, Descriptor, Digest, Manifest, PrivateKey, Reference, Version,
    WASM_CONFIG, WasmConfig,
};
use bytes::Bytes;
use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::failure::{Exit, Failure};
use crate::registry::{self, Bar, RegistryFlags, What};
use crate::terminal::Terminal;

/// What registries are asked to keep.
const LARGEST: u64 = 512 << 20;
const TITLE: &str = "org.opencontainers.image.title";
const CREATED: &str = "org.opencontainers.image.created";

/// Publishes a component in an OCI registry, such as Artifact Registry, as wkg does, and prints its
/// reference by digest, which `attache-host serve oci://…` takes.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The component: a .wasm file, or a .cwasm file of `attache-host compile`.
    component: PathBuf,

    /// Where to: HOST/REPOSITORY:TAG.
    #[arg(value_parser = registry::reference)]
    reference: Reference,

    /// Sign it with this private key (PEM, PKCS#8, EC P-256), in cosign's form; the host verifies it with
    /// ATTACHE_COMPONENT_KEY.
    #[arg(long, value_name = "KEY", env = "ATTACHE_SIGN", hide_env_values = true)]
    sign: Option<PathBuf>,

    /// Say more of it, such as org.opencontainers.image.version=1.2; may be repeated.
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = annotation)]
    annotations: Vec<(String, String)>,

    /// Show what would be published, and ask nobody.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    registry: RegistryFlags,
}

/// What was published.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pushed {
    reference: String,
    tag: String,
    digest: Digest,
    component: Descriptor,
    /// Where the signature is.
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Manifest>,
    dry_run: bool,
}

impl Push {
    /// # Errors
    /// When the file is no component, a key cannot be used, or the registry refuses.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let reference = self.reference;
        if reference.digest().is_some() {
            return Err(Failure::new(
                Exit::Usage,
                "the digest of what is published follows from its content",
            )
            .remedy(format!("give a tag: {}:TAG", reference.name())));
        }
        let key = self.sign.as_deref().map(private_key).transpose()?;
        let (content, written) = read(&self.component)?;
        let artifact = Artifact::of(&self.component, content, written, self.annotations)?;
        let digest = artifact.digest();
        let fixed = reference.at(Version::Digest(digest));
        let signature = key.as_ref().map(|_| signature_place(&reference, &digest));
        if !self.dry_run {
            let bar = Bar::new(terminal, "pushing");
            let client = self.registry.client(&reference, &bar, terminal)?;
            let push = async {
                let Some(key) = &key else {
                    return artifact.push(&client, &reference).await;
                };
                // The tag comes last: whoever looks at it finds what is signed already.
                artifact.push(&client, &fixed).await?;
                client.sign(&reference, &digest, key).await?;
                artifact.push(&client, &reference).await
            };
            let pushed = push.await;
            bar.end();
            pushed.map_err(|error| registry::failure(&error, &reference, true))?;
        }
        let pushed = Pushed {
            reference: fixed.to_string(),
            tag: reference.to_string(),
            digest,
            component: artifact.layer,
            signature,
            manifest: self.dry_run.then_some(artifact.manifest),
            dry_run: self.dry_run,
        };
        match (self.dry_run, &pushed.signature) {
            (true, _) => terminal.note("nothing was published; this would be its reference:"),
            (false, Some(place)) => terminal.note(format!("signed: {place}")),
            (false, None) => {}
        }
        terminal.result(&pushed, |pushed| pushed.reference.clone());
        Ok(Exit::Ok)
    }
}

/// What is published.
struct Artifact {
    manifest: Manifest,
    layer: Descriptor,
    config: Bytes,
    content: Bytes,
}

impl Artifact {
    fn of(
        path: &Path,
        content: Bytes,
        written: SystemTime,
        annotations: Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        let what = registry::look(&content)
            .map_err(|what| Failure::new(Exit::Data, format!("{} is {what}", path.display())))?;
        let created = created(written);
        let (media_type, world) = match what {
            What::Component(world) => (COMPONENT_LAYER, Some(world)),
            What::Compiled => (COMPILED_LAYER, None),
        };
        let layer = Descriptor::of(media_type, &content);
        let config = WasmConfig::new(created.clone(), layer.digest, world);
        let config = serde_json::to_vec(&config).map_err(|error| {
            Failure::new(
                Exit::Software,
                format!("the config cannot be written: {error}"),
            )
        })?;
        let mut all = BTreeMap::from([(CREATED.to_owned(), created)]);
        if let Some(name) = path.file_name() {
            all.insert(TITLE.to_owned(), name.to_string_lossy().into_owned());
        }
        all.extend(annotations);
        let described = Descriptor::of(WASM_CONFIG, &config);
        Ok(Self {
            manifest: Manifest::of_component(described, layer.clone(), all),
            layer,
            config: config.into(),
            content,
        })
    }

    fn digest(&self) -> Digest {
        self.manifest.digest()
    }

    async fn push(
        &self,
        client: &attache_registry::Client,
        reference: &Reference,
    ) -> Result<(), attache_registry::Error> {
        let (config, content) = (self.config.clone(), self.content.clone());
        client
            .push(reference, &self.manifest, config, vec![content])
            .await?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<(Bytes, SystemTime), Failure> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::NoInput, format!("{shown} cannot be read: {error}"))
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.len() > LARGEST {
        let sentence = format!(
            "{shown} has {} bytes, and 512 MiB is the most",
            metadata.len()
        );
        return Err(Failure::new(Exit::Data, sentence));
    }
    let content = std::fs::read(path).map_err(unreadable)?;
    let written = metadata.modified().unwrap_or(UNIX_EPOCH);
    Ok((content.into(), written))
}

/// When the file was written, so that the same file is the same artifact each time that it is published;
/// or what builds say that are to be repeated.
fn created(written: SystemTime) -> String {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    let epoch = epoch.and_then(|seconds| seconds.parse().ok());
    let written = written.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = epoch.unwrap_or(i64::try_from(written.as_secs()).unwrap_or_default());
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

fn private_key(path: &Path) -> Result<PrivateKey, Failure> {
    let shown = path.display();
    let pem = std::fs::read(path)
        .map_err(|error| Failure::new(Exit::NoInput, format!("{shown} cannot be read: {error}")))?;
    PrivateKey::parse(&pem)
        .map_err(|error| Failure::new(Exit::Data, format!("{shown} does not sign: {error}")))
}

fn signature_place(reference: &Reference, digest: &Digest) -> String {
    format!("{}:sha256-{}.sig", reference.name(), digest.hex())
}

/// Reads `KEY=VALUE` from the command line.
///
/// # Errors
/// What to give instead.
pub(super) fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("give KEY=VALUE".to_owned()),
    }
}
