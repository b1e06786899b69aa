//! Everything that can be set from outside, read in one place.
//!
//! Flags, environment variables and a file ([`CommandLine`]) arrive as text ([`Flags`]); this module
//! turns them into a [`Config`] whose fields need no further checking, and binds nothing while it does. A value that
//! cannot be used ends the start with one sentence that names the key, the value and what would be
//! right. An empty variable counts as absent, because container tools write empty ones.

mod address_space;
mod agent_flags;
mod agents;
mod callers;
mod card_signing;
mod command_line;
mod credentials;
mod data;
mod database;
mod dead_letters;
mod dispatch;
mod effective;
mod environment;
mod error;
mod file;
mod flags;
mod guest_limits;
mod identity;
mod key_source;
mod model;
mod nearest;
mod network;
mod origins;
mod outbound;
mod parse;
mod public_url;
mod push;
mod registry;
mod retention;
mod settings;
mod shown;
mod source;
mod telemetry;
mod variables;

pub use agent_flags::AgentFlags;
pub use agents::AgentConfig;
pub use callers::{
    BodyPatience, CallerFlags, CallerLimits, ConnectionLimits, HeadLimits, Queueing, RateLimits,
};
pub use command_line::{CommandLine, Unusable};
pub use data::DataFlags;
pub use database::{DataLocation, Login, PostgresLocation};
pub use dead_letters::{DeadLettersFlags, DeadLettersVerb, Which};
pub use dispatch::{Dispatching, QueueConfig, QueueName};
pub use effective::{ConfigFlags, Effective, Output};
pub use environment::Environment;
pub use error::ConfigError;
pub use file::{AgentTable, Entry, FileFlags, Place, Tables};
pub use flags::{Cli, CompileFlags, Flags, Verb};
pub use guest_limits::{GuestLimitFlags, GuestLimits};
pub use identity::IdentityFlags;
pub(crate) use identity::may_be_asked;
pub use model::{Model, Provider};
pub use network::NetworkFlags;
pub use outbound::OutboundFlags;
pub(crate) use parse::shown as shown_size;
pub use public_url::PublicUrl;
pub use push::{PushFlags, PushSettings};
pub use registry::RegistryFlags;
pub use source::{Source, Sources};
pub use telemetry::TelemetryFlags;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::card_signer::CardSigning;
use crate::engine::AddressSpace;
use crate::google::Google;
use crate::identity::AuthConfig;
use crate::metadata::Metadata;
use crate::outbound::Network;
use crate::registry::RegistryConfig;
use crate::secret::Secret;
use crate::tasks::Keeping;
use crate::telemetry::{LogConfig, LogFormat, TelemetryConfig};

/// How often to look for new files of components.
const WATCH: Duration = Duration::from_secs(1);

/// What `serve` runs with.
#[derive(Debug)]
pub struct Config {
    /// The agents; at least one, and one alone when it has no name.
    pub agents: Vec<AgentConfig>,
    /// How often to look for new files of components; none is never.
    pub watch: Option<Duration>,
    /// Where compiled components are kept.
    pub cache: Option<PathBuf>,
    /// How registries are asked for components.
    pub registry: RegistryConfig,
    /// Where to listen. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Where this process runs.
    pub platform: Platform,
    /// How callers are authenticated.
    pub auth: AuthConfig,
    /// The configured public URL; none leaves it to the platform or to each request.
    pub public_url: Option<PublicUrl>,
    /// Where tasks are kept.
    pub data: DataLocation,
    /// For how long finished tasks are kept; none is for ever.
    pub retention: Option<Duration>,
    /// How the agent card is signed, if it is.
    pub card_signing: Option<CardSigning>,
    /// How runs are kept.
    pub keeping: Keeping,
    /// Where work goes on after the response.
    pub dispatching: Dispatching,
    /// How webhooks are called.
    pub push: PushSettings,
    /// After how long secrets in files are read again; zero is never.
    pub secrets_reread: Duration,
    /// What callers are held to.
    pub callers: CallerLimits,
    /// How much of the address space instances may take; none is found out.
    pub address_space: Option<AddressSpace>,
    /// How long the process may go on after the signal to stop.
    pub drain: Duration,
    /// How to write logs.
    pub log: LogConfig,
    /// Metrics and traces.
    pub telemetry: TelemetryConfig,
    /// The Google Cloud project, when the environment names it.
    pub project: Option<String>,
    /// As whom the process calls Google, and the metadata server.
    pub google: Google,
    /// What every way out of the process shares.
    pub network: Network,
}

/// Where the process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platform {
    /// A machine of the user's own, or a container elsewhere.
    Plain,
    /// A Cloud Run service of this name.
    CloudRun {
        /// `K_SERVICE`.
        service: String,
    },
}

impl Platform {
    /// True on Cloud Run, where a proxy of the platform terminates every connection.
    pub fn is_cloud_run(&self) -> bool {
        matches!(self, Self::CloudRun { .. })
    }
}

/// The shapes of an agent card; see the component's documentation for what each contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardMode {
    /// Only what A2A 1.0 defines.
    Pure,
    /// The 1.0 card with the 0.3 fields beside it.
    Hybrid,
    /// Whichever the request asks for.
    Negotiated,
}

impl CardMode {
    /// The name that the component reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Hybrid => "hybrid",
            Self::Negotiated => "negotiated",
        }
    }
}

impl Config {
    /// Checks `flags` and the variables that have no flag.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn resolve(flags: Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let data = DataLocation::resolve(flags.data, environment)?;
        let platform = match environment.get("K_SERVICE") {
            Some(service) => Platform::CloudRun {
                service: service.to_owned(),
            },
            None => Platform::Plain,
        };
        let public_url = public_url::resolve(flags.public_url, environment, &platform)?;
        let card_signing = card_signing::resolve(
            flags.card_key_file,
            flags.card_key_id,
            flags.card_jku,
            environment,
        )?;
        let push = push::resolve(flags.push, card_signing.as_ref(), environment)?;
        if public_url.is_none() && !platform.is_cloud_run() {
            let why = match (&card_signing, &push.signing) {
                (Some(_), _) => Some(
                    "a signed card vouches for its URLs, which must not be the choice of whoever \
                     asks for it; give the agent's URL, or unset the key for cards",
                ),
                (None, Some(_)) => Some(
                    "a signed notification names the agent that it comes from; give the agent's \
                     URL, or unset the keys for notifications",
                ),
                (None, None) => None,
            };
            if let Some(why) = why {
                return Err(ConfigError::missing(
                    "ATTACHE_PUBLIC_URL (--public-url)",
                    why,
                ));
            }
        }
        let idempotency_window = parse::seconds(
            "ATTACHE_IDEMPOTENCY_WINDOW (--idempotency-window)",
            flags.idempotency_window,
            Duration::from_secs(600),
        )
        .map(|window| (!window.is_zero()).then_some(window))?;
        let dispatching = dispatch::resolve(
            dispatch::Given {
                mode: flags.dispatch,
                queue: flags.tasks_queue,
                service_account: flags.tasks_service_account,
                deadline: flags.tasks_deadline,
                endpoint: flags.cloud_tasks_url,
            },
            &platform,
        )?;
        if matches!(dispatching, Dispatching::CloudTasks(_))
            && public_url.is_none()
            && !platform.is_cloud_run()
        {
            return Err(ConfigError::missing(
                "ATTACHE_PUBLIC_URL (--public-url)",
                "ATTACHE_DISPATCH is cloud-tasks, and the queue has to know where to call; give the \
                 agent's URL",
            ));
        }
        let metadata_host = metadata_host(environment);
        let network = network::resolve(flags.network, metadata_host)?;
        let metadata = Metadata::new(metadata_host);
        let google = Google::find(environment, metadata, network.clone());
        let host = host(flags.host, &platform)?;
        let auth = identity::resolve(flags.identity, host, &platform, environment)?;
        let mut agents = agents::resolve(agents::Given {
            component: flags.component,
            agents: flags.agents,
            flags: flags.agent,
            tables: flags.tables,
            surroundings: agents::Surroundings {
                environment,
                platform: &platform,
                network: &network,
                google: &google,
            },
        })?;
        // Cards say of who may call what is enforced.
        if let Some(security) = auth.security() {
            for agent in &mut agents {
                let key = "attache_security".to_owned();
                agent.settings.insert(key, Secret::given(&security));
            }
        }
        let mut telemetry = telemetry::resolve(flags.telemetry, environment)?;
        let models = agents.iter().filter_map(|agent| agent.model.as_ref());
        telemetry.model_hosts.extend(models.filter_map(Model::host));
        Ok(Self {
            cache: cache(flags.cache_dir, &data, &platform)?,
            watch: parse::seconds("ATTACHE_WATCH (--watch)", flags.watch, WATCH)
                .map(|pause| (!pause.is_zero()).then_some(pause))?,
            registry: registry::resolve(flags.registry, &agents, environment)?,
            agents,
            listen: SocketAddr::new(
                host,
                parse::whole_number("PORT (--port)", flags.port, 8080, 0, u16::MAX)?,
            ),
            auth,
            public_url,
            retention: retention::resolve(flags.retention, &data, idempotency_window)?,
            data,
            card_signing,
            keeping: Keeping {
                idempotency_window,
                lease: parse::seconds_from(
                    "ATTACHE_LEASE (--lease)",
                    flags.lease,
                    Keeping::default().lease,
                    Duration::from_secs(1),
                )?,
            },
            dispatching,
            push,
            callers: callers::resolve(flags.callers, &platform)?,
            address_space: address_space::resolve(flags.address_space)?,
            secrets_reread: parse::seconds(
                "ATTACHE_SECRETS_REREAD (--secrets-reread)",
                flags.secrets_reread,
                Duration::from_secs(30),
            )?,
            drain: parse::seconds(
                "ATTACHE_DRAIN (--drain)",
                flags.drain,
                Duration::from_secs(8),
            )?,
            log: log(flags.log_format, &platform, environment)?,
            telemetry,
            project: environment.get("GOOGLE_CLOUD_PROJECT").map(str::to_owned),
            google,
            network,
            platform,
        })
    }
}

/// `host[:port]` of the metadata server.
pub(crate) fn metadata_host(environment: &Environment) -> &str {
    let given = environment.get("GCE_METADATA_HOST");
    given.unwrap_or(crate::metadata::USUAL_HOST)
}

/// Outside a container only this machine may connect; on Cloud Run the platform must.
fn host(given: Option<String>, platform: &Platform) -> Result<IpAddr, ConfigError> {
    match parse::given(given) {
        None if platform.is_cloud_run() => Ok(Ipv4Addr::UNSPECIFIED.into()),
        None => Ok(Ipv4Addr::LOCALHOST.into()),
        Some(host) if host.eq_ignore_ascii_case("localhost") => Ok(Ipv4Addr::LOCALHOST.into()),
        Some(host) => host.parse().map_err(|_| {
            ConfigError::new(
                "ATTACHE_HOST (--host)",
                host,
                "give an IP address, such as 127.0.0.1 for this machine or 0.0.0.0 for all",
            )
        }),
    }
}

/// Compiled components are kept beside the tasks, where those are on a disk that lasts.
fn cache(
    given: Option<String>,
    data: &DataLocation,
    platform: &Platform,
) -> Result<Option<PathBuf>, ConfigError> {
    match (parse::given(given), data) {
        (Some(off), _) if matches!(off.as_str(), "off" | "0" | "none") => Ok(None),
        (Some(folder), _) => Ok(Some(folder.into())),
        (None, DataLocation::Folder { path, .. }) if !platform.is_cloud_run() => {
            Ok(Some(path.join("cache")))
        }
        (None, _) => Ok(None),
    }
}

fn card(given: Option<String>) -> Result<Option<CardMode>, ConfigError> {
    parse::given(given)
        .map(|card| match card.as_str() {
            "pure" => Ok(CardMode::Pure),
            "hybrid" => Ok(CardMode::Hybrid),
            "negotiated" => Ok(CardMode::Negotiated),
            _ => Err(ConfigError::new(
                "ATTACHE_CARD (--card)",
                card,
                "give pure, hybrid or negotiated",
            )),
        })
        .transpose()
}

fn log(
    format: Option<String>,
    platform: &Platform,
    environment: &Environment,
) -> Result<LogConfig, ConfigError> {
    let format = match parse::given(format).as_deref() {
        None | Some("auto") if platform.is_cloud_run() => LogFormat::Json,
        None | Some("auto" | "text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(other) => {
            return Err(ConfigError::new(
                "ATTACHE_LOG_FORMAT (--log-format)",
                other,
                "give auto, text or json",
            ));
        }
    };
    let filter = environment.get("RUST_LOG").unwrap_or("info");
    match EnvFilter::try_new(filter) {
        Ok(_) => Ok(LogConfig {
            format,
            filter: filter.to_owned(),
        }),
        Err(error) => Err(ConfigError::new(
            "RUST_LOG",
            filter,
            format!("give a level, or target=level pairs separated by commas ({error})"),
        )),
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
