//! A configuration file: the flags' long names as keys, in TOML.
//!
//! The lowest of the three sources, below the environment and flags, and never read unless it is
//! named: a file that happens to lie in a folder must not decide what a host trusts. What it says is
//! put on the command line by [`super::CommandLine`], so that every flag works from a file and is
//! checked in one place. Tables are for what has no flag: `[config]` for the component's keys,
//! `[agents.NAME]` for each of several agents.

mod agent;
mod entry;

pub use agent::AgentTable;
pub use entry::{Entry, Place};

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use clap::Args;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, Environment, nearest};

pub(super) const KEY: &str = "ATTACHE_CONFIG_FILE (--config-file)";
/// The largest file, in bytes.
const LARGEST: u64 = 1 << 20;

/// The flag of every command that reads settings.
#[derive(Debug, Default, Args)]
pub struct FileFlags {
    /// TOML file with settings, which flags and variables go before. Its keys are the flags' names.
    /// [default: none]
    #[arg(
        long,
        env = "ATTACHE_CONFIG_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub config_file: Option<String>,
}

/// The tables of a configuration file.
#[derive(Debug, Default)]
pub struct Tables {
    /// `[config]`: keys for the component.
    pub config: BTreeMap<String, Entry>,
    /// `[agents.NAME]`, in the order of their names.
    pub agents: Vec<AgentTable>,
}

/// What a configuration file says.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    /// Keys outside of tables.
    pub(super) settings: BTreeMap<String, Entry>,
    pub(super) tables: Tables,
}

impl ConfigFile {
    /// Reads the file and the secrets that it refers to.
    ///
    /// # Errors
    /// That it cannot be read, or the first value that cannot be used.
    pub(super) fn read(path: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let unreadable = |why: String| ConfigError::new(KEY, path, why);
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
            .map_err(|error| unreadable(format!("give a file that can be read ({error})")))?;
        if text.len() as u64 > LARGEST {
            return Err(unreadable("give a file of at most 1 MiB".to_owned()));
        }
        let reader = Reader {
            path: path.into(),
            text: &text,
            environment,
        };
        let table = DeTable::parse(&text).map_err(|error| {
            let line = reader.place(&error.span().unwrap_or_default()).line;
            let why = error.message().replace('\n', ", ");
            unreadable(format!("line {line} is not TOML ({why})"))
        })?;
        Self::of(table.get_ref(), &reader)
    }

    fn of(table: &DeTable<'_>, reader: &Reader<'_>) -> Result<Self, ConfigError> {
        let mut file = Self::default();
        for (key, value) in table {
            let place = reader.place(&key.span());
            match key.get_ref().as_ref() {
                "config" => {
                    let table = reader.table("config", &place, value)?;
                    file.tables.config = reader.entries("config.", table, str::to_owned)?;
                }
                "agents" => {
                    let table = reader.table("agents", &place, value)?;
                    for (name, value) in table {
                        let agent = AgentTable::read(name, value, reader)?;
                        file.tables.agents.push(agent);
                    }
                }
                _ => reader.add(&mut file.settings, "", key, value, dashed)?,
            }
        }
        Ok(file)
    }

    /// Refuses keys outside of tables that are not `known`.
    pub(super) fn check_keys(&self, known: &[String]) -> Result<(), ConfigError> {
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        for (key, entry) in &self.settings {
            if !known.contains(&key.as_str()) {
                let or = "attache-host serve --help lists them";
                return Err(ConfigError::unknown(
                    entry.named(),
                    nearest::hint(key, &known, or),
                ));
            }
        }
        Ok(())
    }
}

/// `max_body` is `max-body`.
fn dashed(key: &str) -> String {
    key.replace('_', "-")
}

/// A file being read.
struct Reader<'a> {
    path: Arc<str>,
    text: &'a str,
    environment: &'a Environment,
}

type Parsed<'a> = Spanned<DeValue<'a>>;
type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;

impl Reader<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or_default();
        Place {
            file: self.path.clone(),
            line: before.matches('\n').count() + 1,
        }
    }

    fn table<'t, 'v>(
        &self,
        name: &str,
        place: &Place,
        value: &'t Parsed<'v>,
    ) -> Result<&'t DeTable<'v>, ConfigError> {
        value.get_ref().as_table().ok_or_else(|| {
            ConfigError::secret(
                format!("{name} in {place}"),
                format!("give a table, [{name}], with keys and values below it"),
            )
        })
    }

    /// What stands in a table of values; `prefix` is how errors call the table.
    fn entries(
        &self,
        prefix: &str,
        table: &DeTable<'_>,
        name: fn(&str) -> String,
    ) -> Result<BTreeMap<String, Entry>, ConfigError> {
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            self.add(&mut entries, prefix, key, value, name)?;
        }
        Ok(entries)
    }

    fn add(
        &self,
        entries: &mut BTreeMap<String, Entry>,
        prefix: &str,
        key: &Key<'_>,
        value: &Parsed<'_>,
        name: fn(&str) -> String,
    ) -> Result<(), ConfigError> {
        let (place, name) = (self.place(&key.span()), name(key.get_ref()));
        let entry = Entry::read(
            format!("{prefix}{name}"),
            place,
            value.get_ref(),
            self.environment,
        )?;
        match entries.insert(name, entry) {
            None => Ok(()),
            Some(first) => {
                let why = format!("it is also written as {key}; keep one", key = key.get_ref());
                Err(ConfigError::secret(first.named(), why))
            }
        }
    }
}

#[cfg(test)]
mod tests;
