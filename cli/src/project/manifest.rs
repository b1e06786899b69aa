//! What `attache.toml` says of the agent itself. Its other tables belong to other commands.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Exit, Failure};

/// The file's name.
const FILE: &str = "attache.toml";

/// The table `[agent]`, as far as it concerns what is built.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Manifest {
    /// The agent's name.
    pub(crate) name: Option<String>,
    /// The component, from the manifest's own folder.
    pub(crate) component: Option<PathBuf>,
    /// The image.
    pub(crate) image: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tables {
    #[serde(default)]
    agent: Manifest,
}

impl Manifest {
    /// Of the project in this folder; empty where it has no manifest.
    ///
    /// # Errors
    /// When the file cannot be read, or is not what it has to be.
    pub(crate) fn of(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(Failure::new(
                    Exit::NoInput,
                    format!("{} cannot be read: {error}", path.display()),
                ));
            }
        };
        let tables: Tables = toml::from_str(&text).map_err(|error| {
            Failure::new(
                Exit::Data,
                format!("{} is not a manifest: {}", path.display(), error.to_string().trim_end()),
            )
            .remedy("a manifest begins with [agent] and has name = \"…\" and component = \"….wasm\" there")
        })?;
        let Manifest {
            name,
            component,
            image,
        } = tables.agent;
        Ok(Self {
            name,
            image,
            component: component.map(|path| folder.join(path)),
        })
    }
}
