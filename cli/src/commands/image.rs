//! `attache image REFERENCE`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use attache_registry::{Descriptor, Digest, Reference, Sent, Version};
use clap::Args;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::image::{Assembly, Compiling, Image as Made, Layout, StaticHost};
use crate::manifest::Outline;
use crate::project::Build;
use crate::registry::{self, Bar, RegistryFlags};
use crate::terminal::Terminal;

const TITLE: &str = "org.opencontainers.image.title";

/// Makes a container image of a host and a component, without Docker, and publishes it or writes it to a
/// file. The same input is the same image; its reference by digest is for `attache deploy cloud-run --image`.
#[derive(Debug, Args)]
pub(crate) struct Image {
    /// What it is called: HOST/REPOSITORY:TAG. [default: agent.image of attache.toml]
    #[arg(value_parser = registry::reference)]
    reference: Option<Reference>,

    /// Publish it in the registry of REFERENCE; layers that are there already are not sent again.
    #[arg(long)]
    push: bool,

    /// Write it to a file, for `docker load`, podman, skopeo or crane.
    #[arg(long, value_name = "FILE.tar")]
    tar: Option<PathBuf>,

    /// Put it into a folder, as an OCI image layout.
    #[arg(long, value_name = "DIR")]
    layout: Option<PathBuf>,

    /// Make it, show its digest and its layers, and neither publish nor write it.
    #[arg(long, conflicts_with_all = ["push", "tar", "layout"])]
    dry_run: bool,

    /// The component: a .wasm file, or a .cwasm file of `attache-host compile`. [default: what the project
    /// builds, else the one that attache.toml names]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,

    /// The agent's folder.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    path: PathBuf,

    /// The agent's package, where the folder is a workspace.
    #[arg(long, value_name = "NAME", conflicts_with = "component")]
    package: Option<String>,

    /// The program attache-host of the image: static, for Linux. [default: the first static one of
    /// $ATTACHE_HOST_BIN, what `make image` left in the checkout, beside this program, and on PATH]
    #[arg(long = "host-bin", value_name = "FILE")]
    host: Option<PathBuf>,

    /// Put the component itself into the image. The host then compiles it each time that it starts.
    #[arg(long, conflicts_with_all = ["compiler", "cpu"])]
    no_precompile: bool,

    /// An attache-host of the same version that compiles, where the image's host has no compiler.
    #[arg(long, value_name = "FILE")]
    compiler: Option<PathBuf>,

    /// The oldest processor that it is to run on, as `attache-host compile --cpu` has them.
    #[arg(long, value_name = "CPU")]
    cpu: Option<String>,

    /// Say more of it, such as org.opencontainers.image.version=1.2; may be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = super::push::annotation)]
    labels: Vec<(String, String)>,

    #[command(flatten)]
    registry: RegistryFlags,
}

/// What was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// By its digest, where it has a name.
    reference: Option<String>,
    tag: Option<String>,
    digest: Digest,
    architecture: &'static str,
    config: Descriptor,
    layers: Vec<ShownLayer>,
    tar: Option<PathBuf>,
    layout: Option<PathBuf>,
    pushed: bool,
    dry_run: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownLayer {
    /// The file in it that matters.
    file: &'static str,
    #[serde(flatten)]
    descriptor: Descriptor,
    diff_id: Digest,
    /// Whether it was sent to the registry, which had it otherwise.
    sent: Option<bool>,
}

impl Image {
    /// # Errors
    /// When there is no static host, the component cannot be used, or the registry refuses.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        if !(self.push || self.dry_run || self.tar.is_some() || self.layout.is_some()) {
            return Err(Failure::new(Exit::Usage, "what is to be done with the image?").remedy(
                "--push publishes it, --tar FILE.tar and --layout DIR write it, --dry-run shows it",
            ));
        }
        let manifest = Outline::of(&self.path)?;
        let reference = match &self.reference {
            Some(reference) => Some(reference.clone()),
            None => of_manifest(&manifest)?,
        };
        let reference = match reference {
            Some(reference) if reference.digest().is_some() => return Err(fixed(&reference)),
            None if self.push => return Err(nowhere()),
            reference => reference,
        };
        // What cannot be used is said before the work, and a password is read.
        let bar = Bar::new(terminal, "pushing");
        let registry = match &reference {
            Some(reference) if self.push => {
                Some((self.registry.client(reference, &bar, terminal)?, reference))
            }
            _ => None,
        };
        let host = StaticHost::find(self.host.as_deref())?;
        let component = self.component(&manifest, terminal).await?;
        let name = manifest.name.clone().unwrap_or_else(|| stem(&component));
        let agent = self.compiling().carry(&component, &host).await?;
        let carried = agent.name;
        let image = Assembly {
            host,
            agent,
            labels: self.labels(&name),
        };
        let image = image.make().await?;
        let called = match &reference {
            Some(reference) => reference.to_string(),
            None => format!("{name}:latest"),
        };
        let layout = Layout::new(&image, called);
        if let Some(file) = &self.tar {
            layout.write_file(file)?;
        }
        if let Some(folder) = &self.layout {
            layout.write_folder(folder)?;
        }
        let mut shown = Shown::of(&image, carried, reference.as_ref());
        (shown.tar, shown.layout) = (self.tar, self.layout);
        shown.dry_run = self.dry_run;
        if let Some((client, reference)) = registry {
            let sent = image.push(&client, reference).await;
            bar.end();
            shown.pushed(&sent.map_err(|error| registry::failure(&error, reference, true))?);
        }
        for line in shown.lines() {
            terminal.note(line);
        }
        terminal.result(&shown, Shown::name);
        Ok(Exit::Ok)
    }

    /// Built anew, where there is something to build: what is deployed is what the sources say.
    async fn component(&self, manifest: &Outline, terminal: &Terminal) -> Result<PathBuf, Failure> {
        if let Some(component) = &self.component {
            return Ok(component.clone());
        }
        let is_project = self.path.join("Cargo.toml").is_file();
        let built = match is_project {
            true => {
                let build = Build::new(&self.path, self.package.clone(), true)?;
                Some(build.run(terminal).await?.component)
            }
            false => None,
        };
        let named = manifest.component.clone();
        // What is built may be a part of what the manifest names, or the same in another target folder.
        let is_other = |named: &Path| match &built {
            Some(built) => built.file_name() != named.file_name() && self.package.is_none(),
            None => true,
        };
        match (named.filter(|named| is_other(named)), &built) {
            (Some(named), _) if named.is_file() => Ok(named),
            (_, Some(built)) => Ok(built.clone()),
            (Some(named), None) => Err(Failure::new(
                Exit::NoInput,
                format!("there is no component at {}", named.display()),
            )
            .remedy("build it, or name another with --component")),
            (None, None) => Err(Failure::new(
                Exit::Usage,
                "an image of what? There is no Cargo.toml here, and no attache.toml that names a component",
            )
            .remedy("run this in an agent's folder, or name a component with --component")),
        }
    }

    fn compiling(&self) -> Compiling {
        Compiling {
            not_at_all: self.no_precompile,
            compiler: self.compiler.clone(),
            cpu: self.cpu.clone(),
        }
    }

    fn labels(&self, name: &str) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::from([(TITLE.to_owned(), name.to_owned())]);
        labels.extend(self.labels.iter().cloned());
        labels
    }
}

impl Shown {
    fn of(image: &Made, carried: &'static str, reference: Option<&Reference>) -> Self {
        let digest = image.digest();
        let files = [StaticHost::FILE, carried];
        let layers = image.layers.iter().zip(files);
        Self {
            reference: reference.map(|name| name.at(Version::Digest(digest)).to_string()),
            tag: reference.map(Reference::to_string),
            digest,
            architecture: image.architecture.name(),
            config: image.manifest.config.clone(),
            layers: layers
                .map(|(layer, file)| ShownLayer {
                    file,
                    descriptor: layer.descriptor.clone(),
                    diff_id: layer.diff_id,
                    sent: None,
                })
                .collect(),
            tar: None,
            layout: None,
            pushed: false,
            dry_run: false,
        }
    }

    fn pushed(&mut self, sent: &[Sent]) {
        self.pushed = true;
        for layer in &mut self.layers {
            let of_layer = |sent: &&Sent| sent.digest == layer.descriptor.digest;
            layer.sent = sent.iter().find(of_layer).map(|sent| !sent.was_there);
        }
    }

    /// What is said on the way.
    fn lines(&self) -> Vec<String> {
        let became = |sent| match sent {
            Some(true) => "  sent",
            Some(false) => "  was there",
            None => "",
        };
        let mut lines: Vec<_> = self
            .layers
            .iter()
            .map(|layer| {
                let Descriptor { size, digest, .. } = &layer.descriptor;
                format!(
                    "{:12}  {size:>10} bytes  {digest}{}",
                    layer.file,
                    became(layer.sent)
                )
            })
            .collect();
        if let Some(file) = &self.tar {
            lines.push(format!("written: {}", file.display()));
        }
        if let Some(folder) = &self.layout {
            lines.push(format!("written: {}", folder.display()));
        }
        if self.dry_run {
            lines.push("nothing was published or written; this would be its reference:".to_owned());
        }
        lines
    }

    fn name(&self) -> String {
        let digest = self.digest.to_string();
        self.reference.clone().unwrap_or(digest)
    }
}

fn of_manifest(manifest: &Outline) -> Result<Option<Reference>, Failure> {
    let Some(image) = &manifest.image else {
        return Ok(None);
    };
    let reference = image.parse().map_err(|why: String| {
        let sentence = format!("agent.image of attache.toml is no reference: {why}");
        let failure = Failure::new(Exit::Data, sentence);
        match image.contains("/PROJECT/") {
            true => failure.remedy("write your project's id in place of PROJECT"),
            false => failure,
        }
    })?;
    Ok(Some(reference))
}

fn fixed(reference: &Reference) -> Failure {
    Failure::new(
        Exit::Usage,
        "the digest of an image follows from its content, and the reference has one",
    )
    .remedy(format!("give a tag: {}:TAG", reference.name()))
}

fn nowhere() -> Failure {
    Failure::new(
        Exit::Usage,
        "where to? No reference is given, and no attache.toml here has an image in [agent]",
    )
    .remedy(
        "give HOST/REPOSITORY:TAG, such as us-central1-docker.pkg.dev/my-project/agents/hello:1",
    )
}

/// As a name of an image may be.
fn stem(component: &Path) -> String {
    let stem = component.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => '-',
        })
        .collect();
    let parts: Vec<_> = name.split('-').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => "agent".to_owned(),
        parts => parts.join("-"),
    }
}
