use std::collections::BTreeMap;

use super::{ConfigError, Environment};

/// The prefix of environment variables that become config keys of the component.
pub(super) const PREFIX: &str = "ATTACHE_CONFIG_";
/// Config keys under this prefix are the host's own.
const RESERVED_SETTING_PREFIX: &str = "attache_";

/// The config keys for the component, from the environment and then from flags.
pub(super) fn resolve(
    flags: Vec<String>,
    environment: &Environment,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut settings = BTreeMap::new();
    for (key, value) in environment.with_prefix(PREFIX) {
        insert_setting(&mut settings, "the environment", key, value)?;
    }
    for pair in flags {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(ConfigError::new("--config", pair, "give KEY=VALUE"));
        };
        insert_setting(&mut settings, "--config", key, value)?;
    }
    Ok(settings)
}

/// Those of one of several agents.
pub(super) fn of_section(
    given: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut settings = BTreeMap::new();
    for (key, value) in given {
        insert_setting(&mut settings, "its settings", &key, &value)?;
    }
    Ok(settings)
}

fn insert_setting(
    settings: &mut BTreeMap<String, String>,
    origin: &str,
    key: &str,
    value: &str,
) -> Result<(), ConfigError> {
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
    settings.insert(key, value.to_owned());
    Ok(())
}
