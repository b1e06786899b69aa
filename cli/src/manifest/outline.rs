//! What commands beside `deploy` take from a manifest: none of it has to be there, and the file neither.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::{FILE, GeminiEnterprise, read_text, settings};
use crate::failure::Failure;

/// The manifest of a folder, as far as it goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outline {
    /// The agent's name.
    pub(crate) name: Option<String>,
    /// The image that runs.
    pub(crate) image: Option<String>,
    /// The component, from where this process is.
    pub(crate) component: Option<PathBuf>,
    /// The project's id.
    pub(crate) project: Option<String>,
    /// `[gemini_enterprise]`.
    pub(crate) gemini_enterprise: Option<GeminiEnterprise>,
}

impl Outline {
    /// Of the project in this folder; empty where it has no manifest.
    ///
    /// # Errors
    /// The file cannot be read, or has something in it that means nothing.
    pub(crate) fn of(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        if let Err(error) = std::fs::metadata(&path)
            && error.kind() == ErrorKind::NotFound
        {
            return Ok(Self::default());
        }
        let text = read_text(&path)?;
        let shown = path
            .strip_prefix(".")
            .unwrap_or(&path)
            .display()
            .to_string();
        let document = Document::parse(&shown, &text)?;
        let component = document.text("agent", "component")?;
        Ok(Self {
            name: document.text("agent", "name")?,
            image: document.text("agent", "image")?,
            component: component.map(|component| folder.join(component)),
            project: document.text("service", "project")?,
            gemini_enterprise: settings::gemini_enterprise(&document)?,
        })
    }
}
