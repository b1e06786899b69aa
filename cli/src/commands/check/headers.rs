//! What an agent is shown so that it answers. Secrets come from variables and files: what stands on a
//! command line is seen by everybody on the machine.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::failure::{Exit, Failure};

const FORM: &str = "give NAME=@env:VARIABLE or NAME=@file:PATH: a value on the command line shows in the \
                    list of processes";

/// Credentials, by where they are.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Credentials (sent to the origin of the URL alone)")]
pub(super) struct HeaderFlags {
    /// The variable that holds a token for `Authorization: Bearer`.
    #[arg(long, value_name = "NAME")]
    bearer_env: Option<String>,

    /// A header with the value of a variable or a file: NAME=@env:VARIABLE, NAME=@file:PATH.
    #[arg(long, value_name = "NAME=@env:VAR", value_parser = SecretHeader::parse)]
    header: Vec<SecretHeader>,
}

#[derive(Debug, Clone)]
struct SecretHeader {
    name: HeaderName,
    from: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Variable(String),
    File(PathBuf),
}

impl SecretHeader {
    /// The text is not repeated: it may be the secret.
    fn parse(text: &str) -> Result<Self, String> {
        let (name, from) = text.split_once('=').ok_or(FORM)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| FORM)?;
        let from = if let Some(variable) = from.strip_prefix("@env:") {
            Source::Variable(variable.to_owned())
        } else if let Some(path) = from.strip_prefix("@file:") {
            Source::File(path.into())
        } else {
            return Err(FORM.to_owned());
        };
        Ok(Self { name, from })
    }
}

impl HeaderFlags {
    /// Reads what the flags name.
    ///
    /// # Errors
    /// When a variable or a file is not there.
    pub(super) fn resolve(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        if let Some(name) = &self.bearer_env {
            let token = variable(name)?;
            headers.insert(AUTHORIZATION, value(&format!("Bearer {token}"), name)?);
        }
        for SecretHeader { name, from } in &self.header {
            let (secret, place) = match from {
                Source::Variable(variable_name) => {
                    (variable(variable_name)?, variable_name.clone())
                }
                Source::File(path) => (
                    fs::read_to_string(path).map_err(|error| {
                        Failure::new(
                            Exit::NoInput,
                            format!("{} cannot be read: {error}", path.display()),
                        )
                    })?,
                    path.display().to_string(),
                ),
            };
            headers.insert(name.clone(), value(secret.trim(), &place)?);
        }
        Ok(headers)
    }
}

fn variable(name: &str) -> Result<String, Failure> {
    let value = std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty());
    value.map(|value| value.trim().to_owned()).ok_or_else(|| {
        Failure::new(
            Exit::NoPermission,
            "a variable that was named for a credential is not set, or empty",
        )
        .remedy("export it with the secret, and give its name, not the secret")
    })
}

fn value(text: &str, place: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Failure::new(
            Exit::Data,
            format!("what {place} holds cannot be sent in a header"),
        )
        .remedy("it may have a line break in it")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
