//! How registries are asked for components, and whose components are taken.

use std::path::{Path, PathBuf};
use std::time::Duration;

use attache_registry::{DockerConfig, PublicKey};
use clap::Args;

use super::key_source::KeySource;
use super::{AgentConfig, ConfigError, Environment, parse};
use crate::component::Origin;
use crate::registry::RegistryConfig;

const POLL: &str = "ATTACHE_REGISTRY_POLL (--registry-poll)";
const TIMEOUT: &str = "ATTACHE_REGISTRY_TIMEOUT (--registry-timeout)";
const DOCKER: &str = "DOCKER_CONFIG";
const KEY: KeySource = KeySource {
    file: "ATTACHE_COMPONENT_KEY_FILE (--component-key-file)",
    value: "ATTACHE_COMPONENT_KEY",
};

/// The flags of `serve` about registries, as text.
#[derive(Debug, Default, Args)]
pub struct RegistryFlags {
    /// Seconds after which the tags of components in registries are resolved again; another component is
    /// served when it was probed. 0 is only by SIGHUP and the admin port. [default: 0]
    #[arg(
        long,
        env = "ATTACHE_REGISTRY_POLL",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub registry_poll: Option<String>,

    /// Seconds that finding, verifying or pulling a component may take each. [default: 60]
    #[arg(
        long,
        env = "ATTACHE_REGISTRY_TIMEOUT",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub registry_timeout: Option<String>,

    /// PEM file with the public key (EC P-256) that every component has to be signed with, as `attache
    /// push --sign` and cosign do. Components in files are refused then. [default: none]
    #[arg(
        long,
        env = "ATTACHE_COMPONENT_KEY_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub component_key_file: Option<String>,
}

pub(super) fn resolve(
    flags: RegistryFlags,
    agents: &[AgentConfig],
    environment: &Environment,
) -> Result<RegistryConfig, ConfigError> {
    let poll = parse::seconds(POLL, flags.registry_poll, Duration::ZERO)?;
    let time = parse::seconds_from(
        TIMEOUT,
        flags.registry_timeout,
        Duration::from_secs(60),
        Duration::from_secs(1),
    )?;
    let key = KEY.read(flags.component_key_file, environment, PublicKey::parse)?;
    // A file has no signature, and would pass for one that was verified.
    if key.is_some()
        && let Some(agent) = agents.iter().find(|agent| !is_in_registry(agent))
    {
        let expected = "a component in a file has no signature; take it from a registry, or unset \
                        ATTACHE_COMPONENT_KEY and ATTACHE_COMPONENT_KEY_FILE";
        let component = agent.component.to_string();
        return Err(ConfigError::new("the component", component, expected));
    }
    let docker = match agents.iter().any(is_in_registry) {
        true => docker(environment)?,
        false => DockerConfig::default(),
    };
    Ok(RegistryConfig {
        docker,
        key,
        poll: (!poll.is_zero()).then_some(poll),
        time: Some(time),
    })
}

fn is_in_registry(agent: &AgentConfig) -> bool {
    matches!(agent.component, Origin::Registry(_))
}

fn docker(environment: &Environment) -> Result<DockerConfig, ConfigError> {
    let folder = match (environment.get(DOCKER), environment.get("HOME")) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => Path::new(home).join(".docker"),
        (None, None) => return Ok(DockerConfig::default()),
    };
    DockerConfig::read(&folder.join("config.json")).map_err(|why| {
        let expected = format!("give a folder whose config.json can be used ({why})");
        ConfigError::new(DOCKER, folder.display().to_string(), expected)
    })
}
