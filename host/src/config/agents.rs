//! Which agents a process serves, and what each of them is given.
//!
//! One component needs no name and is served at `/`. Several are named, by `--agent NAME=FILE` or after
//! the files of a folder. What stands beside them is the default of all of them, with one exception:
//! config keys and hosts to call are an agent's own, and nothing that is given to one is given to
//! another by default.

mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::agent_flags::AgentFlags;
use super::{
    AgentTable, CardMode, ConfigError, Environment, GuestLimits, Model, Platform, PublicUrl,
    Tables, guest_limits, model, origins, outbound, parse, public_url, settings,
};
use crate::agent::AgentName;
use crate::component::{Origin, SCHEME};
use crate::google::Google;
use crate::outbound::{Network, OutboundConfig};
use crate::paths;
use crate::secret::Secret;
use own::{Own, add_environment, known, overlaid, unknown_variable};

const COMPONENT: &str = "ATTACHE_COMPONENT (COMPONENT)";
const AGENTS: &str = "ATTACHE_AGENTS (--agent)";
/// The prefix of variables that belong to one of several agents.
pub(super) const PREFIX: &str = "ATTACHE_AGENT_";
/// Within these, config keys for the component.
pub(super) const CONFIG: &str = "CONFIG_";

/// One agent.
#[derive(Debug)]
pub struct AgentConfig {
    /// None for the only one.
    pub name: Option<AgentName>,
    /// Where the component is: `.wasm`, or the `.cwasm` of `attache-host compile`.
    pub component: Origin,
    /// Names in requests that are for this agent whatever their path. Lower case, without a port.
    pub hosts: Vec<String>,
    /// The URL of this agent alone, when it was configured.
    pub public_url: Option<PublicUrl>,
    /// Which shape of the agent card the component is told to serve; none leaves it the choice.
    pub card: Option<CardMode>,
    /// The card says that the agent speaks gRPC. It answers calls in any case.
    pub grpc: bool,
    /// What the component may reach.
    pub outbound: OutboundConfig,
    /// The model that it is given.
    pub model: Option<Model>,
    /// Config keys for the component, as given; the host adds its own.
    pub settings: BTreeMap<String, Secret>,
    /// Bytes of a request body.
    pub max_body: u64,
    /// What the component may use.
    pub guest: GuestLimits,
}

impl AgentConfig {
    /// Whether its component was compiled before.
    pub fn is_compiled(&self) -> bool {
        self.component.is_compiled()
    }

    /// The URL of this agent, in a process that is reached at `public`.
    pub fn url(&self, public: Option<&PublicUrl>) -> Option<PublicUrl> {
        if self.public_url.is_some() {
            return self.public_url.clone();
        }
        match (&self.name, self.hosts.first()) {
            (None, _) => public.cloned(),
            (Some(_), Some(host)) => public.map(|url| url.at_host(host)),
            (Some(name), None) => public.map(|url| url.below(&format!("{}{name}", paths::AGENTS))),
        }
    }
}

/// What the process's own settings say about agents.
pub(super) struct Given<'a> {
    pub(super) component: Option<String>,
    pub(super) agents: Vec<String>,
    pub(super) flags: AgentFlags,
    pub(super) tables: Tables,
    pub(super) surroundings: Surroundings<'a>,
}

/// What the settings of an agent are read with.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) environment: &'a Environment,
    pub(super) platform: &'a Platform,
    pub(super) network: &'a Network,
    pub(super) google: &'a Google,
}

pub(super) fn resolve(given: Given<'_>) -> Result<Vec<AgentConfig>, ConfigError> {
    let surroundings = given.surroundings;
    let environment = surroundings.environment;
    let files = named_files(&given)?;
    refuse_tables_without_agent(&given.tables, &files)?;
    let known = known();
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    for table in &given.tables.agents {
        table.check_keys(&known)?;
    }
    let table = |table: &AgentTable| (table.name().to_owned(), Own::of_table(table));
    let mut sections: BTreeMap<_, _> = given.tables.agents.iter().map(table).collect();
    if files.is_empty() {
        let Some(component) = parse::given(given.component) else {
            return Err(ConfigError::missing(
                COMPONENT,
                "give the path of a .wasm or .cwasm file, or oci://HOST/REPOSITORY:TAG",
            ));
        };
        if let Some((name, _)) = environment.with_prefix(PREFIX).next() {
            return Err(unknown_variable(name, "there is no agent with a name"));
        }
        let component = origin(COMPONENT, component)?;
        let config = &given.flags.config;
        let settings = settings::resolve(config, &given.tables.config, environment)?;
        let settings = settings.into_iter();
        let settings = settings.map(|(key, (value, _))| (key, value)).collect();
        let agent = agent(None, component, given.flags, settings, surroundings)?;
        return Ok(vec![agent]);
    }
    refuse_shared(&given.flags, &given.tables, environment)?;
    add_environment(&mut sections, &files, environment)?;
    let mut agents = Vec::new();
    let mut hosts = BTreeSet::new();
    for (name, component) in files {
        let mut section = sections.remove(name.as_str()).unwrap_or_default();
        section.settings.remove("component");
        let of_agent = |error: ConfigError| error.of_agent(&name);
        let agent = named(&name, component, &given.flags, section, surroundings);
        let agent = agent.map_err(of_agent)?;
        for host in &agent.hosts {
            if !hosts.insert(host.clone()) {
                let expected = "another agent has this name too; give each its own";
                return Err(of_agent(ConfigError::new("host", host.as_str(), expected)));
            }
        }
        agents.push(agent);
    }
    Ok(agents)
}

/// The component of each agent that has a name, ordered by name.
fn named_files(given: &Given<'_>) -> Result<BTreeMap<AgentName, Origin>, ConfigError> {
    let mut files = BTreeMap::new();
    let mut add = |key: &str, name: &str, origin: Origin| {
        let Some(parsed) = AgentName::parse(name) else {
            let expected =
                "name an agent with lower-case letters, digits and inner hyphens, at most 63";
            return Err(ConfigError::new(key, name, expected));
        };
        match files.insert(parsed, origin) {
            None => Ok(()),
            Some(_) => Err(ConfigError::new(
                key,
                name,
                "it is given twice; name each agent once",
            )),
        }
    };
    for pair in given.agents.iter().filter(|pair| !pair.is_empty()) {
        let Some((name, path)) = pair.split_once('=') else {
            return Err(ConfigError::new(
                AGENTS,
                pair,
                "give NAME=FILE, or NAME=oci://HOST/REPOSITORY:TAG",
            ));
        };
        add(AGENTS, name, origin(AGENTS, path.to_owned())?)?;
    }
    for table in &given.tables.agents {
        if let Some(path) = table.text("component") {
            let key = table.named("component");
            add(&key, table.name(), origin(&key, path)?)?;
        }
    }
    let component = given.component.clone().filter(|path| !path.is_empty());
    match component {
        Some(folder) if Path::new(&folder).is_dir() => {
            for path in components_in(&folder)? {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let name = stem.to_ascii_lowercase().replace('_', "-");
                add(COMPONENT, &name, Origin::File(path.clone()))?;
            }
        }
        Some(component) if !files.is_empty() => {
            let expected =
                "there are agents with a name; give this one a name too, or leave it out";
            return Err(ConfigError::new(COMPONENT, component, expected));
        }
        _ => {}
    }
    Ok(files)
}

/// What is set for an agent that there is not is a slip that nobody would notice.
fn refuse_tables_without_agent(
    tables: &Tables,
    files: &BTreeMap<AgentName, Origin>,
) -> Result<(), ConfigError> {
    let lacks = |table: &&AgentTable| !files.keys().any(|name| name.as_str() == table.name());
    match tables.agents.iter().find(lacks) {
        Some(table) => Err(ConfigError::missing(
            table.named("component"),
            format!(
                "give the path of a .wasm or .cwasm file, or name the agent by --agent {}=FILE",
                table.name()
            ),
        )),
        None => Ok(()),
    }
}

fn components_in(folder: &str) -> Result<BTreeSet<PathBuf>, ConfigError> {
    let refused = |expected: String| ConfigError::new(COMPONENT, folder, expected);
    let unreadable = |error| refused(format!("give a folder that can be read ({error})"));
    let mut components = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("wasm" | "cwasm")) && path.is_file() {
            components.insert(path);
        }
    }
    if components.is_empty() {
        return Err(refused(
            "there is no .wasm or .cwasm file in this folder".to_owned(),
        ));
    }
    Ok(components)
}

/// Where a component is.
fn origin(key: &str, given: String) -> Result<Origin, ConfigError> {
    if !given.starts_with(SCHEME) {
        return file(key, given).map(Origin::File);
    }
    match given.parse() {
        Ok(reference) => Ok(Origin::Registry(reference)),
        Err(expected) => Err(ConfigError::new(key, given, expected)),
    }
}

fn file(key: &str, given: String) -> Result<PathBuf, ConfigError> {
    let path = PathBuf::from(&given);
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(path),
        Ok(_) => Err(ConfigError::new(key, given, "give a file, not a folder")),
        Err(error) => Err(ConfigError::new(
            key,
            given,
            format!("give the path of a .wasm or .cwasm file that can be read ({error})"),
        )),
    }
}

/// What only one agent can be meant by, when there are several.
fn refuse_shared(
    flags: &AgentFlags,
    tables: &Tables,
    environment: &Environment,
) -> Result<(), ConfigError> {
    let expected = "with named agents each has its own; set ATTACHE_AGENT_<NAME>_";
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(hosts) = given(&flags.allow_outbound) {
        let expected = format!("{expected}ALLOW_OUTBOUND instead");
        return Err(ConfigError::new(
            "ATTACHE_ALLOW_OUTBOUND (--allow-outbound)",
            hosts,
            expected,
        ));
    }
    if let Some(switch) = given(&flags.outbound_allow_private) {
        let expected = format!("{expected}OUTBOUND_ALLOW_PRIVATE instead");
        let key = "ATTACHE_OUTBOUND_ALLOW_PRIVATE (--outbound-allow-private)";
        return Err(ConfigError::new(key, switch, expected));
    }
    if let Some(model) = given(&flags.model) {
        let expected = format!("{expected}MODEL instead");
        return Err(ConfigError::new("ATTACHE_MODEL (--model)", model, expected));
    }
    if given(&flags.outbound.credentials).is_some() {
        let expected = format!("{expected}CREDENTIALS instead");
        return Err(ConfigError::secret(
            "ATTACHE_CREDENTIALS (--credentials)",
            expected,
        ));
    }
    let mut variables = environment.with_prefix(settings::PREFIX);
    // That of the configuration file is no key.
    let in_environment = variables.any(|(key, _)| key != settings::CONFIG_FILE);
    if in_environment || !flags.config.is_empty() || !tables.config.is_empty() {
        let expected = format!("{expected}CONFIG_<KEY> instead");
        return Err(ConfigError::secret(
            "ATTACHE_CONFIG_<KEY> (--config)",
            expected,
        ));
    }
    Ok(())
}

fn named(
    name: &AgentName,
    component: Origin,
    shared: &AgentFlags,
    mut section: Own,
    surroundings: Surroundings<'_>,
) -> Result<AgentConfig, ConfigError> {
    let hosts = hosts(section.settings.remove("host"))?;
    let url = section
        .settings
        .remove("public-url")
        .filter(|url| !url.is_empty());
    let url = url.map(|url| public_url::check("public-url", &url, surroundings.platform));
    let public_url = url.transpose()?;
    let flags = overlaid(shared.shared(), section.settings)?;
    let settings = settings::of_agent(section.config)?;
    let agent = agent(Some(name.clone()), component, flags, settings, surroundings)?;
    Ok(AgentConfig {
        hosts,
        public_url,
        ..agent
    })
}

fn hosts(given: Option<String>) -> Result<Vec<String>, ConfigError> {
    let text = given.unwrap_or_default();
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names
        .map(|name| {
            let name = name.to_ascii_lowercase();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
            if name.bytes().all(plain) && !name.starts_with('.') {
                Ok(name.trim_end_matches('.').to_owned())
            } else {
                Err(ConfigError::new(
                    "host",
                    name,
                    "give names such as agent.example.com, without scheme and port, separated by commas",
                ))
            }
        })
        .collect()
}

fn agent(
    name: Option<AgentName>,
    component: Origin,
    flags: AgentFlags,
    mut settings: BTreeMap<String, Secret>,
    surroundings: Surroundings<'_>,
) -> Result<AgentConfig, ConfigError> {
    if let Some(origins) = origins::origins(flags.allow_origin.clone())? {
        settings.insert("attache_allow_origin".to_owned(), Secret::given(&origins));
    }
    let mut outbound = outbound::resolve(outbound::Given {
        allow: flags.allow_outbound,
        allow_private: flags.outbound_allow_private,
        flags: flags.outbound,
        network: surroundings.network,
        google: surroundings.google,
        environment: surroundings.environment,
    })?;
    let model = model::grant(
        flags.model,
        if name.is_none() { "auto" } else { model::NONE },
        surroundings.environment,
        surroundings.google,
        &mut settings,
        &mut outbound,
    )?;
    Ok(AgentConfig {
        name,
        component,
        hosts: Vec::new(),
        public_url: None,
        card: super::card(flags.card.clone())?,
        grpc: match parse::given(flags.grpc.clone()) {
            None => true,
            given => parse::switch("ATTACHE_GRPC (--grpc)", given)?,
        },
        outbound,
        model,
        settings,
        max_body: parse::size(
            "ATTACHE_MAX_BODY (--max-body)",
            flags.max_body,
            32 << 20,
            1 << 10,
            4 << 30,
        )?,
        guest: guest_limits::resolve(flags.guest)?,
    })
}
