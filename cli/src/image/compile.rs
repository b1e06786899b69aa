//! The component of an image, compiled by the host that is to run it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use tokio::process::Command;

use super::StaticHost;
use crate::failure::{Exit, Failure};
use crate::registry::{self, What};

/// What registries are asked to keep, as of a component.
const LARGEST: u64 = 512 << 20;

/// How a component becomes what is carried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiling {
    /// Not at all: the host compiles it each time that it starts.
    pub(crate) not_at_all: bool,
    /// The host that compiles, where the image's own has no compiler or does not start here.
    pub(crate) compiler: Option<PathBuf>,
    /// The oldest processor, in the words of `attache-host compile --cpu`.
    pub(crate) cpu: Option<String>,
}

/// What an image carries of a component.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    /// Its file in the image.
    pub(crate) name: &'static str,
    /// The file's content.
    pub(crate) content: Bytes,
}

const COMPILED: &str = "agent.cwasm";
const COMPONENT: &str = "agent.wasm";

impl Compiling {
    /// # Errors
    /// When the file is no component, or the host refuses it.
    pub(crate) async fn carry(
        &self,
        component: &Path,
        host: &StaticHost,
    ) -> Result<Carried, Failure> {
        let content = read(component)?;
        let what = registry::look(&content).map_err(|what| {
            Failure::new(Exit::Data, format!("{} is {what}", component.display()))
                .remedy("`attache build --release` makes a component")
        })?;
        match (what, self.not_at_all) {
            (What::Compiled, _) => Ok(Carried {
                name: COMPILED,
                content,
            }),
            (What::Component(_), true) => Ok(Carried {
                name: COMPONENT,
                content,
            }),
            (What::Component(_), false) => self.compile(component, host).await,
        }
    }

    async fn compile(&self, component: &Path, host: &StaticHost) -> Result<Carried, Failure> {
        let compiler = match &self.compiler {
            // A bare name would be looked for on PATH.
            Some(compiler) => compiler.canonicalize().map_err(|error| {
                Failure::new(
                    Exit::NoInput,
                    format!("--compiler names {}: {error}", compiler.display()),
                )
            })?,
            None if host.architecture.is_this_machine() => host.path.clone(),
            None => return Err(foreign(host)),
        };
        let folder = tempfile::tempdir().map_err(|error| {
            Failure::new(
                Exit::CannotWrite,
                format!("there is no room for what is compiled: {error}"),
            )
        })?;
        let output = folder.path().join(COMPILED);
        let mut command = Command::new(&compiler);
        command.arg("compile").arg(component).arg("-o").arg(&output);
        if let Some(cpu) = &self.cpu {
            command.args(["--cpu", cpu]);
        }
        // What configures hosts here has no say in what runs elsewhere.
        let ended = command
            .env_clear()
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| {
                Failure::new(
                    Exit::Unavailable,
                    format!("{} cannot be run: {error}", compiler.display()),
                )
            })?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            let said = said.trim().trim_start_matches("error: ");
            let sentence = format!(
                "{} does not compile {}: {said}",
                compiler.display(),
                component.display()
            );
            return Err(Failure::new(Exit::Data, sentence).remedy(
                "a host that was built without the compiler needs another of its version beside it: \
                 --compiler FILE",
            ));
        }
        Ok(Carried {
            name: COMPILED,
            content: read(&output)?,
        })
    }
}

fn foreign(host: &StaticHost) -> Failure {
    let sentence = format!(
        "{} is for linux/{}, and does not start here to compile the component",
        host.path.display(),
        host.architecture.name()
    );
    Failure::new(Exit::Unavailable, sentence).remedy(
        "--no-precompile puts the component itself into the image, and the host compiles it each time that \
         it starts; or run this on such a machine",
    )
}

fn read(path: &Path) -> Result<Bytes, Failure> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::NoInput, format!("{shown} cannot be read: {error}"))
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        let sentence = format!("{shown} has {size} bytes, and 512 MiB is the most");
        return Err(Failure::new(Exit::Data, sentence));
    }
    Ok(std::fs::read(path).map_err(unreadable)?.into())
}
