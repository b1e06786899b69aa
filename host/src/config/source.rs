use std::fmt;

use super::ConfigError;
use super::file::{Entry, Place};
use super::variables::VARIABLES;

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command line, by this flag.
    Flag(String),
    /// The environment, by this variable.
    Environment(String),
    /// A file of its own, which a variable names.
    FileOf {
        /// The variable.
        variable: String,
        /// The file.
        file: String,
    },
    /// The configuration file.
    ConfigFile {
        /// Where in it.
        place: Place,
        /// What it refers to, when the value stands there.
        elsewhere: Option<String>,
    },
    /// Nobody said anything.
    Default,
}

impl Source {
    pub(super) fn of_entry(entry: &Entry) -> Self {
        Self::ConfigFile {
            place: entry.place().clone(),
            elsewhere: entry.elsewhere().map(str::to_owned),
        }
    }

    /// One word for it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Environment(_) => "environment",
            Self::FileOf { .. } | Self::ConfigFile { .. } => "file",
            Self::Default => "default",
        }
    }

    /// Which flag, variable or file.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Flag(name) | Self::Environment(name) => Some(name.clone()),
            Self::FileOf { variable, file } => Some(format!("{file} ({variable})")),
            Self::ConfigFile {
                place,
                elsewhere: None,
            } => Some(place.to_string()),
            Self::ConfigFile {
                place,
                elsewhere: Some(at),
            } => Some(format!("{place} ({at})")),
            Self::Default => None,
        }
    }

    /// Whether the value stands where secrets do.
    fn is_elsewhere(&self) -> bool {
        match self {
            Self::FileOf { .. } => true,
            Self::ConfigFile { elsewhere, .. } => elsewhere.is_some(),
            Self::Flag(_) | Self::Environment(_) | Self::Default => false,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self.name() {
            Some(name) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}

/// A setting and where its value came from.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// The flag's long name; `component`; or the variable's name, where there is no flag.
    pub(super) key: String,
    /// None when it is not set and has no default.
    pub(super) value: Option<String>,
    pub(super) source: Source,
    pub(super) is_secret: bool,
}

impl Setting {
    pub(super) fn new(key: &str, value: Option<String>, source: Source, is_secret: bool) -> Self {
        let is_secret = is_secret || source.is_elsewhere();
        Self {
            key: key.to_owned(),
            value,
            source,
            is_secret,
        }
    }
}

/// The settings of a command, in the order of its help.
#[derive(Debug, Default)]
pub struct Sources(pub(super) Vec<Setting>);

impl Sources {
    /// Lets an error say where the value came from, when that was not a flag or a variable: errors
    /// name these by themselves.
    pub fn attribute(&self, error: ConfigError) -> ConfigError {
        let key = error.key();
        let named = match key.split_once(" (") {
            Some((_, "COMPONENT)")) => Some("component"),
            Some((_, flag)) => flag
                .strip_prefix("--")
                .and_then(|flag| flag.strip_suffix(')')),
            None => Some(key),
        };
        let setting = self.0.iter().find(|setting| Some(&*setting.key) == named);
        let Some(setting) = setting else {
            return error;
        };
        let name = match &setting.source {
            Source::ConfigFile { place, .. } => {
                let variable = VARIABLES.iter().find(|one| one.name == setting.key);
                let key = variable.and_then(super::variables::Variable::key);
                format!("{} in {place}", key.as_ref().unwrap_or(&setting.key))
            }
            Source::FileOf { variable, file } => format!("{} in {file} ({variable})", setting.key),
            Source::Flag(_) | Source::Environment(_) | Source::Default => return error,
        };
        error.about(name, setting.is_secret)
    }
}
