use std::collections::BTreeMap;

use super::file::Entry;
use super::{ConfigError, Environment, Source};
use crate::secret::Secret;

/// The prefix of environment variables that become config keys of the component.
pub(super) const PREFIX: &str = "ATTACHE_CONFIG_";
/// The variables of this suffix name the file that holds the value.
pub(super) const FILE_SUFFIX: &str = "_FILE";
/// `ATTACHE_CONFIG_FILE` is the configuration file, and no key.
pub(super) const CONFIG_FILE: &str = "FILE";
/// Config keys under this prefix are the host's own.
const RESERVED_SETTING_PREFIX: &str = "attache_";

/// A config key's value, and where it came from.
pub(super) type Sourced = (Secret, Source);

/// The config keys for the component, from the file, then the environment and then from flags.
pub(super) fn resolve(
    flags: &[String],
    file: &BTreeMap<String, Entry>,
    environment: &Environment,
) -> Result<BTreeMap<String, Sourced>, ConfigError> {
    let mut settings = BTreeMap::new();
    for (key, entry) in file {
        let key = checked(&entry.place().to_string(), key)?;
        settings.insert(key, (entry.secret(), Source::of_entry(entry)));
    }
    let mut seen = BTreeMap::new();
    for (suffix, value) in environment.with_prefix(PREFIX) {
        let variable = format!("{PREFIX}{suffix}");
        let key = suffix
            .strip_suffix(FILE_SUFFIX)
            .filter(|_| !value.is_empty());
        let (key, sourced) = match key {
            _ if suffix == CONFIG_FILE => continue,
            None => {
                let source = Source::Environment(variable);
                (suffix, (Secret::given(value), source))
            }
            Some(key) => match environment.named_file(&format!("{PREFIX}{key}"))? {
                Some(secret) => {
                    let file = value.to_owned();
                    (key, (secret, Source::FileOf { variable, file }))
                }
                None => continue,
            },
        };
        seen.insert(checked("the environment", key)?, sourced);
    }
    settings.append(&mut seen);
    for pair in flags {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(ConfigError::secret("--config", "give KEY=VALUE"));
        };
        let source = Source::Flag("--config".to_owned());
        settings.insert(checked("--config", key)?, (Secret::given(value), source));
    }
    Ok(settings)
}

/// Those that one of several agents has of its own.
pub(super) fn of_agent(
    given: BTreeMap<String, Secret>,
) -> Result<BTreeMap<String, Secret>, ConfigError> {
    let given = given.into_iter();
    given
        .map(|(key, secret)| Ok((checked("its settings", &key)?, secret)))
        .collect()
}

/// The config keys of a component that has a table of its own.
pub(super) fn of_table(
    table: BTreeMap<String, Entry>,
) -> Result<BTreeMap<String, Entry>, ConfigError> {
    table
        .into_iter()
        .map(|(key, entry)| Ok((checked(&entry.place().to_string(), &key)?, entry)))
        .collect()
}

/// The key as the component asks for it.
fn checked(origin: &str, key: &str) -> Result<String, ConfigError> {
    let key = key.to_ascii_lowercase();
    if key.is_empty()
        || !key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    {
        return Err(ConfigError::new(
            format!("a config key from {origin}"),
            key,
            "use letters, digits, '_', '-' and '.'",
        ));
    }
    if key.starts_with(RESERVED_SETTING_PREFIX) {
        return Err(ConfigError::new(
            format!("a config key from {origin}"),
            key,
            "keys that begin with attache_ are the host's own; use the flag for it, such as \
             --public-url",
        ));
    }
    Ok(key)
}
