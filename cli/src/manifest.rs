//! `attache.toml`: an agent and where it runs, in one file that is checked before anything is done.
//!
//! What it says maps to the settings of the host, to the service and to what both need. A key that
//! means nothing is refused with its line and the nearest one that does; so is a value that Google
//! would refuse only later, or that would break the agent without a word.

mod database;
mod document;
mod initial;
mod keys;
mod names;
mod outline;
mod secrets;
mod service;
mod settings;

pub(crate) use database::{Connect, Database, Login};
pub(crate) use initial::initial;
#[cfg(test)]
pub(crate) use keys::{KEYS, TABLES};
pub(crate) use outline::Outline;
pub(crate) use secrets::{Form, Secret};
pub(crate) use service::Service;
pub(crate) use settings::{Egress, GeminiEnterprise, Model, Queue};

use std::path::Path;

use document::Document;

use crate::failure::{Exit, Failure};

/// Where it is, unless the reader says otherwise.
pub(crate) const FILE: &str = "attache.toml";
/// The largest file, in bytes.
const LARGEST: usize = 1 << 20;

/// Looks at the name of an image that was `given` elsewhere. An empty one is what a command leaves that failed
/// in its place.
///
/// # Errors
/// When it is none.
pub(crate) fn require_image(image: &str, given: &str) -> Result<(), Failure> {
    match names::is_image(image) {
        true => Ok(()),
        false => Err(
            Failure::new(Exit::Usage, format!("{given} names no image: {image:?}"))
                .remedy(names::IMAGE),
        ),
    }
}

/// A manifest, checked.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    /// The agent's name.
    pub(crate) name: String,
    /// The image that runs.
    pub(crate) image: Option<String>,
    /// The Spin application, where there is one.
    pub(crate) spin_image: Option<String>,
    /// `[service]`.
    pub(crate) service: Service,
    /// `[env]`, in its order.
    pub(crate) env: Vec<(String, String)>,
    /// `[config]`, in its order.
    pub(crate) config: Vec<(String, String)>,
    /// `[secrets]`, in its order.
    pub(crate) secrets: Vec<Secret>,
    /// `[database]`.
    pub(crate) database: Option<Database>,
    /// `[queue]`.
    pub(crate) queue: Option<Queue>,
    /// `[model]`.
    pub(crate) model: Option<Model>,
    /// `[egress]`.
    pub(crate) egress: Egress,
    /// `[gemini_enterprise]`.
    pub(crate) gemini_enterprise: Option<GeminiEnterprise>,
}

impl Manifest {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// It cannot be read, or the first thing in it that cannot be used.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = read_text(path)?;
        let shown = path.display().to_string();
        Self::parse(&shown, &text)
    }

    /// The same of a text; `path` is how errors call it.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, Failure> {
        let document = Document::parse(path, text)?;
        let name = document.required("agent", "name")?;
        if !names::is_label(&name, 63) {
            return Err(document.wrong("agent", "name", names::LABEL));
        }
        let image = document.text("agent", "image")?;
        if image
            .as_deref()
            .is_some_and(|image| image.contains("/PROJECT/"))
        {
            let why = "write your project's id in place of PROJECT";
            return Err(document.wrong("agent", "image", why));
        }
        if image
            .as_deref()
            .is_some_and(|image| !names::is_image(image))
        {
            return Err(document.wrong("agent", "image", names::IMAGE));
        }
        let secrets = secrets::read(&document)?;
        let database = database::read(&document, &secrets)?;
        let queue = settings::queue(&document)?;
        let service = service::read(&document, &name, database.is_some(), queue.is_some())?;
        let manifest = Self {
            spin_image: document.text("agent", "spin_image")?,
            env: settings::env(&document)?,
            config: settings::config(&document)?,
            model: settings::model(&document, &secrets)?,
            egress: settings::egress(&document, database.is_some())?,
            gemini_enterprise: settings::gemini_enterprise(&document)?,
            name,
            image,
            service,
            secrets,
            database,
            queue,
        };
        settings::check_together(&document, &manifest)?;
        Ok(manifest)
    }

    /// What `[env]` says of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.env
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The secret of a variable.
    pub(crate) fn secret(&self, variable: &str) -> Option<&Secret> {
        self.secrets
            .iter()
            .find(|secret| secret.variable == variable)
    }

    /// Whether the agent knows its callers by this mode.
    pub(crate) fn knows_by(&self, mode: &str) -> bool {
        self.service.auth.iter().any(|auth| auth == mode)
    }
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|why| {
        Failure::new(Exit::NoInput, format!("{shown} cannot be read: {why}"))
            .remedy("attache deploy cloud-run --init writes one to begin with.")
    })?;
    if text.len() > LARGEST {
        return Err(Failure::new(
            Exit::Data,
            format!("{shown} is larger than 1 MiB"),
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
