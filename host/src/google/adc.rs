//! Which credentials are the process's own.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::source::Source;
use crate::config::Environment;

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// What the first of the file that is named, gcloud's file and the metadata server says.
pub(super) fn find(environment: &Environment) -> Result<Source, String> {
    if let Some(path) = environment.get(VARIABLE) {
        let bytes = std::fs::read(path).map_err(|error| {
            format!("{VARIABLE} is {path:?}: give a file that can be read ({error})")
        })?;
        return parse(&bytes).map_err(|why| format!("{VARIABLE} is {path:?}: {why}"));
    }
    let Some(path) = of_gcloud(environment) else {
        return Ok(Source::Metadata);
    };
    match std::fs::read(&path) {
        Ok(bytes) => parse(&bytes).map_err(|why| format!("{}: {why}", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Source::Metadata),
        Err(error) => Err(format!("{} cannot be read ({error})", path.display())),
    }
}

fn of_gcloud(environment: &Environment) -> Option<PathBuf> {
    let folder = match environment.get("CLOUDSDK_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(environment.get("HOME")?).join(".config/gcloud"),
    };
    Some(folder.join("application_default_credentials.json"))
}

fn parse(bytes: &[u8]) -> Result<Source, String> {
    // What a parser says could quote a key.
    let file: Value = serde_json::from_slice(bytes)
        .map_err(|_| "give a file of credentials in JSON".to_owned())?;
    Source::parse(&file)
}
