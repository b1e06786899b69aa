//! Where the values of secrets come from: never the command line, and never a line of output.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::failure::{Exit, Failure};

/// The largest that Secret Manager takes, in bytes.
const LARGEST: usize = 64 << 10;

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// In a variable of this process.
    Variable(String),
    /// In a file.
    File(PathBuf),
    /// On standard input.
    Input,
}

/// Reads `SECRET=env:VARIABLE`, `SECRET=file:PATH` or `SECRET=-`.
///
/// # Errors
/// What is wrong with it, without what follows `=`: that may be a secret.
pub(crate) fn from_flag(given: &str) -> Result<(String, Source), String> {
    let (name, source) = given.split_once('=').ok_or("write SECRET=SOURCE")?;
    let source = match source.split_once(':') {
        None if source == "-" => Source::Input,
        Some(("env", variable)) if !variable.is_empty() => Source::Variable(variable.to_owned()),
        Some(("file", path)) if !path.is_empty() => Source::File(path.into()),
        _ => {
            return Err(format!(
                "a secret's value is not written on a command line, which others can read; write \
                 {name}=env:VARIABLE, {name}=file:PATH, or {name}=- for standard input"
            ));
        }
    };
    Ok((name.to_owned(), source))
}

/// The values that a deployment is given.
#[derive(Debug, Default)]
pub(crate) struct Values {
    sources: Vec<(String, Source)>,
    input: Mutex<Option<Vec<u8>>>,
}

impl Values {
    /// # Errors
    /// A secret twice, standard input for two, or one that the manifest does not name.
    pub(crate) fn new(sources: Vec<(String, Source)>, known: &[&str]) -> Result<Self, Failure> {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &sources {
            let wrong =
                |why: String| Err(Failure::new(Exit::Usage, format!("--secret {name}: {why}")));
            if seen.contains(&name.as_str()) {
                return wrong("it is given twice".to_owned());
            }
            if !known.contains(&name.as_str()) {
                let there = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                return wrong(format!(
                    "[secrets] of the manifest names no such secret, but {there}"
                ));
            }
            seen.push(name);
        }
        if sources
            .iter()
            .filter(|(_, source)| *source == Source::Input)
            .count()
            > 1
        {
            let sentence = "standard input holds one secret, and two were to come from there";
            return Err(Failure::new(Exit::Usage, sentence));
        }
        Ok(Self {
            sources,
            input: Mutex::default(),
        })
    }

    /// Where the value of a secret is.
    pub(crate) fn source(&self, name: &str) -> Option<&Source> {
        self.sources
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, source)| source)
    }

    /// The value, without line breaks at its end.
    ///
    /// # Errors
    /// It cannot be read, is empty, or too long.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(source) = self.source(name) else {
            return Ok(None);
        };
        let missing = |why: String| {
            Failure::new(
                Exit::NoInput,
                format!("the value of the secret {name}: {why}"),
            )
        };
        let mut value = match source {
            Source::Variable(variable) => match std::env::var(variable) {
                Ok(value) => value.into_bytes(),
                Err(_) => return Err(missing(format!("the variable {variable} is not set"))),
            },
            Source::File(path) => std::fs::read(path)
                .map_err(|why| missing(format!("{} cannot be read: {why}", path.display())))?,
            Source::Input => {
                let mut kept = self
                    .input
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                if kept.is_none() {
                    let mut read = Vec::new();
                    let mut input = std::io::stdin().take(LARGEST as u64 + 3);
                    input
                        .read_to_end(&mut read)
                        .map_err(|why| missing(format!("standard input cannot be read: {why}")))?;
                    *kept = Some(read);
                }
                kept.clone().unwrap_or_default()
            }
        };
        while matches!(value.last(), Some(b'\n' | b'\r')) {
            value.pop();
        }
        if value.is_empty() {
            return Err(missing("it is empty".to_owned()));
        }
        if value.len() > LARGEST {
            return Err(missing(
                "it is longer than 64 KiB, the most that Secret Manager takes".to_owned(),
            ));
        }
        Ok(Some(value))
    }
}
