//! From a project to its component: `cargo build` for `wasm32-wasip2`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::program::{Shown, cargo, on_path};
use super::sources::Sources;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

const TARGET: &str = "wasm32-wasip2";

/// A project that can be built: a package with a component.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    folder: PathBuf,
    package: Option<String>,
    release: bool,
}

/// What a build made.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Built {
    /// The component's file, absolute.
    pub(crate) component: PathBuf,
    /// In bytes.
    pub(crate) size: u64,
    /// `sha256:` and the file's digest, as the host shows it.
    pub(crate) digest: String,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        filenames: Vec<PathBuf>,
        target: Target,
    },
    #[serde(other)]
    Else,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: PathBuf,
    source: Option<String>,
}

impl Build {
    /// Of the package in `folder`, or of the one named so in its workspace.
    ///
    /// # Errors
    /// When there is no `Cargo.toml`.
    pub(crate) fn new(
        folder: &Path,
        package: Option<String>,
        release: bool,
    ) -> Result<Self, Failure> {
        if !folder.join("Cargo.toml").is_file() {
            return Err(Failure::new(
                Exit::NoInput,
                format!("there is no Cargo.toml in {}", Shown(folder)),
            )
            .remedy("run this in an agent's folder, or name it with --path; `attache new NAME` makes one"));
        }
        let folder = folder.canonicalize().map_err(|error| {
            Failure::new(
                Exit::NoInput,
                format!("{} cannot be read: {error}", folder.display()),
            )
        })?;
        Ok(Self {
            folder,
            package,
            release,
        })
    }

    /// The line that a user would write instead.
    pub(crate) fn line(&self) -> String {
        format!("cargo {}", self.arguments().join(" "))
    }

    /// Builds. What cargo says on the way goes to standard error as it is.
    ///
    /// # Errors
    /// When cargo fails or is not there, or what it makes is no component.
    pub(crate) async fn run(&self, terminal: &Terminal) -> Result<Built, Failure> {
        require_target(terminal).await?;
        let output = Command::new(cargo())
            .current_dir(&self.folder)
            .args(self.arguments())
            .arg("--message-format=json-render-diagnostics")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(no_cargo)?;
        if !output.status.success() {
            return Err(
                Failure::new(Exit::Data, format!("`{}` failed", self.line()))
                    .remedy("cargo's own words are above"),
            );
        }
        let component = component_in(&output.stdout).ok_or_else(|| {
            Failure::new(
                Exit::Data,
                format!("`{}` made no component", self.line()),
            )
            .remedy(
                "an agent's Cargo.toml has `[lib] crate-type = [\"cdylib\"]`; in a workspace, name the \
                 agent with --package",
            )
        })?;
        Built::of(&component)
    }

    fn arguments(&self) -> Vec<&str> {
        let mut arguments = vec!["build", "--target", TARGET];
        if self.release {
            arguments.push("--release");
        }
        if let Some(package) = &self.package {
            arguments.extend(["--package", package]);
        }
        arguments
    }

    /// The files that a build is made of: those of every package that is no download.
    ///
    /// # Errors
    /// When cargo cannot tell.
    pub(crate) async fn sources(&self) -> Result<Sources, Failure> {
        let output = Command::new(cargo())
            .current_dir(&self.folder)
            .args(["metadata", "--format-version", "1"])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(no_cargo)?;
        let metadata = serde_json::from_slice::<Metadata>(&output.stdout)
            .ok()
            .filter(|_| output.status.success())
            .ok_or_else(|| {
                Failure::new(Exit::Data, "cargo cannot tell what the agent is made of")
                    .remedy("its own words are above; `cargo metadata` says them again")
            })?;
        let own = metadata
            .packages
            .into_iter()
            .filter(|package| package.source.is_none())
            .filter_map(|package| package.manifest_path.parent().map(Path::to_owned));
        Ok(Sources::new(own, metadata.target_directory))
    }
}

impl Built {
    /// What there is to say of a component.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(component: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(component).map_err(|error| {
            Failure::new(
                Exit::NoInput,
                format!("{} cannot be read: {error}", component.display()),
            )
        })?;
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            component: component.to_owned(),
            size: bytes.len() as u64,
            digest: format!("sha256:{digest}"),
        })
    }

    /// In a line.
    pub(crate) fn shown(&self) -> String {
        format!(
            "{}  {}  {}",
            Shown(&self.component),
            size(self.size),
            self.digest
        )
    }
}

/// The last component among cargo's messages: what was asked for comes after what it needs.
fn component_in(messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .filter_map(|message| match message {
            Message::CompilerArtifact { filenames, target } => Some((filenames, target)),
            Message::Else => None,
        })
        .filter(|(_, target)| target.crate_types.iter().any(|kind| kind == "cdylib"))
        .flat_map(|(filenames, _)| filenames)
        .rfind(|file| file.extension().is_some_and(|end| end == "wasm"))
}

/// # Errors
/// When Rust has no standard library for components, and rustup is not there to fetch it or fails.
async fn require_target(terminal: &Terminal) -> Result<(), Failure> {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    // A rustc that cannot tell may know another way; cargo will say what is missing.
    let Ok(asked) = asked else { return Ok(()) };
    let folder = String::from_utf8_lossy(&asked.stdout);
    if !asked.status.success() || Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    let missing = |why: &str| {
        Failure::new(
            Exit::Unavailable,
            format!("Rust's library for {TARGET} is not here{why}"),
        )
    };
    let Some(rustup) = on_path("rustup") else {
        return Err(
            missing(", and neither is rustup, which would fetch it").remedy(
                "install Rust by https://rustup.rs, or this target by your system's packages",
            ),
        );
    };
    terminal.note(format!(
        "Rust's library for {TARGET} is not here: running `rustup target add {TARGET}`"
    ));
    let added = Command::new(rustup)
        .args(["target", "add", TARGET])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await;
    if added.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(missing(", and rustup could not fetch it").remedy(format!(
        "its own words are above; try `rustup target add {TARGET}` yourself"
    )))
}

fn no_cargo(error: std::io::Error) -> Failure {
    Failure::new(Exit::Unavailable, format!("cargo cannot be run: {error}"))
        .remedy("install Rust by https://rustup.rs, and open a new terminal")
}

/// For people.
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
