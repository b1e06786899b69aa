use std::collections::BTreeMap;

use clap::{Args, Command, FromArgMatches};

use super::{CONFIG, PREFIX};
use crate::agent::AgentName;
use crate::component::Origin;
use crate::config::agent_flags::AgentFlags;
use crate::config::{AgentTable, ConfigError, Environment, settings};
use crate::secret::Secret;

/// What is set for one agent alone: by its table of the file, and by variables over that.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Flags without their dashes, and `component`, `host` and `public-url`.
    pub(super) settings: BTreeMap<String, String>,
    /// Config keys for the component.
    pub(super) config: BTreeMap<String, Secret>,
}

impl Own {
    pub(super) fn of_table(table: &AgentTable) -> Self {
        let settings = table.entries();
        Self {
            settings: settings
                .map(|(key, entry)| (key.to_owned(), entry.text()))
                .collect(),
            config: table.config(),
        }
    }
}

/// Puts the variables of agents over what the file says of them.
pub(super) fn add_environment(
    sections: &mut BTreeMap<String, Own>,
    agents: &BTreeMap<AgentName, Origin>,
    environment: &Environment,
) -> Result<(), ConfigError> {
    for (variable, value) in environment.with_prefix(PREFIX) {
        // Of agents a and a-b, the one with the longer name.
        let (name, key) = agents
            .keys()
            .filter_map(|name| {
                let prefix = name.as_str().to_ascii_uppercase().replace('-', "_");
                let key = variable.strip_prefix(prefix.as_str())?.strip_prefix('_')?;
                Some((name, key))
            })
            .min_by_key(|(_, key)| key.len())
            .ok_or_else(|| unknown_variable(variable, "there is no agent of this name"))?;
        let section = sections.entry(name.as_str().to_owned()).or_default();
        match key.strip_prefix(CONFIG) {
            Some(key) => {
                let (key, secret) = match key.strip_suffix(settings::FILE_SUFFIX) {
                    Some(key) => {
                        let variable = variable.strip_suffix(settings::FILE_SUFFIX);
                        let variable = format!("{PREFIX}{}", variable.unwrap_or_default());
                        (key, environment.named_file(&variable)?)
                    }
                    None => (key, Some(Secret::given(value))),
                };
                if let Some(secret) = secret {
                    section.config.insert(key.to_ascii_lowercase(), secret);
                }
            }
            None if value.is_empty() => {}
            None => {
                let key = key.to_ascii_lowercase().replace('_', "-");
                section.settings.insert(key, value.to_owned());
            }
        }
    }
    Ok(())
}

pub(super) fn unknown_variable(variable: &str, why: &str) -> ConfigError {
    ConfigError::secret(
        format!("{PREFIX}{variable}"),
        format!("{why}; unset it, or name the agent by --agent"),
    )
}

/// What is not a flag and belongs to an agent all the same.
const BESIDE_FLAGS: [&str; 3] = ["component", "host", "public-url"];

fn flags_of_agent() -> Command {
    AgentFlags::augment_args(Command::new("agent").no_binary_name(true))
        .mut_args(|flag| flag.env(None::<&str>))
}

/// Every setting that an agent may have of its own.
pub(super) fn known() -> Vec<String> {
    let command = flags_of_agent();
    let flags = command.get_arguments().filter_map(|flag| flag.get_long());
    let flags = flags.filter(|flag| *flag != "config");
    let mut known: Vec<_> = BESIDE_FLAGS
        .into_iter()
        .chain(flags)
        .map(str::to_owned)
        .collect();
    known.sort();
    known
}

/// The flags of one agent: `settings` over those that all share. Read as flags, so that each means what
/// it means there.
pub(super) fn overlaid(
    mut flags: AgentFlags,
    settings: BTreeMap<String, String>,
) -> Result<AgentFlags, ConfigError> {
    let known = known();
    let mut words = Vec::new();
    for (key, value) in settings {
        if !known.contains(&key) {
            let expected = format!(
                "an agent has no such setting; there are {}",
                known.join(", ")
            );
            return Err(ConfigError::new(key, value, expected));
        }
        words.push(format!("--{key}={value}"));
    }
    let read = flags_of_agent().try_get_matches_from(words);
    match read.and_then(|matches| flags.update_from_arg_matches(&matches)) {
        Ok(()) => Ok(flags),
        Err(error) => Err(ConfigError::missing("its settings", error.to_string())),
    }
}
