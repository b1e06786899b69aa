//! Everything that can be set from outside, read in one place.
//!
//! Flags and environment variables arrive as text ([`Flags`]); this module turns them into a
//! [`Config`] whose fields need no further checking, and binds nothing while it does. A value that
//! cannot be used ends the start with one sentence that names the key, the value and what would be
//! right. An empty variable counts as absent, because container tools write empty ones.

mod card_signing;
mod data;
mod database;
mod dead_letters;
mod dispatch;
mod environment;
mod error;
mod flags;
mod key_source;
mod origins;
mod parse;
mod public_url;
mod push;
mod retention;
mod settings;
mod telemetry;

pub use data::DataFlags;
pub use database::{DataLocation, Login, PostgresLocation};
pub use dead_letters::{DeadLettersFlags, DeadLettersVerb, Which};
pub use dispatch::{Dispatching, QueueConfig, QueueName};
pub use environment::Environment;
pub use error::ConfigError;
pub use flags::{Cli, CompileFlags, Flags, Verb};
pub(crate) use parse::shown as shown_size;
pub use public_url::PublicUrl;
pub use push::{PushFlags, PushSettings};
pub use telemetry::TelemetryFlags;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::card_signer::CardSigning;
use crate::outbound::{AllowList, Caller, OutboundConfig};
use crate::tasks::Keeping;
use crate::telemetry::{LogConfig, LogFormat, TelemetryConfig};

/// What `serve` runs with.
#[derive(Debug)]
pub struct Config {
    /// The component: `.wasm`, or the `.cwasm` of `attache-host compile`.
    pub component: PathBuf,
    /// Where to listen. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Where this process runs.
    pub platform: Platform,
    /// The configured public URL; none leaves it to the platform or to each request.
    pub public_url: Option<PublicUrl>,
    /// Where tasks are kept.
    pub data: DataLocation,
    /// For how long finished tasks are kept; none is for ever.
    pub retention: Option<Duration>,
    /// Which shape of the agent card the component is told to serve; none leaves it the choice.
    pub card: Option<CardMode>,
    /// How the agent card is signed, if it is.
    pub card_signing: Option<CardSigning>,
    /// The card says that the agent speaks gRPC. It answers calls in any case.
    pub grpc: bool,
    /// How runs are kept.
    pub keeping: Keeping,
    /// Where work goes on after the response.
    pub dispatching: Dispatching,
    /// How webhooks are called.
    pub push: PushSettings,
    /// What the component may reach.
    pub outbound: OutboundConfig,
    /// Config keys for the component, as given; the host adds its own.
    pub settings: BTreeMap<String, String>,
    /// What one request, and all of them together, may use.
    pub limits: Limits,
    /// How long running requests may go on after the signal to stop.
    pub drain: Duration,
    /// How to write logs.
    pub log: LogConfig,
    /// Metrics and traces.
    pub telemetry: TelemetryConfig,
    /// The Google Cloud project, when the environment names it.
    pub project: Option<String>,
    /// `host[:port]` of the metadata server.
    pub metadata_host: String,
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

/// Bounds that keep one caller from taking the whole process.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request body.
    pub max_body: u64,
    /// Instances alive at the same time, one per request.
    pub max_instances: u32,
    /// Bytes of linear memory of one instance.
    pub memory: usize,
    /// CPU time of one instance.
    pub cpu: Duration,
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
        let mut settings = settings::resolve(flags.config, environment)?;
        if let Some(origins) = origins::origins(flags.allow_origin)? {
            settings.insert("attache_allow_origin".to_owned(), origins);
        }
        Ok(Self {
            component: component(flags.component)?,
            listen: SocketAddr::new(
                host(flags.host, &platform)?,
                parse::whole_number("PORT (--port)", flags.port, 8080, 0, u16::MAX)?,
            ),
            public_url,
            retention: retention::resolve(flags.retention, &data, idempotency_window)?,
            data,
            card: card(flags.card)?,
            card_signing,
            grpc: match parse::given(flags.grpc) {
                None => true,
                given => parse::switch("ATTACHE_GRPC (--grpc)", given)?,
            },
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
            outbound: OutboundConfig {
                allow: allow_list(flags.allow_outbound)?,
                allow_private: parse::switch(
                    "ATTACHE_OUTBOUND_ALLOW_PRIVATE (--outbound-allow-private)",
                    flags.outbound_allow_private,
                )?,
                caller: Caller::Component,
            },
            settings,
            limits: Limits {
                max_body: parse::size(
                    "ATTACHE_MAX_BODY (--max-body)",
                    flags.max_body,
                    32 << 20,
                    1 << 10,
                    4 << 30,
                )?,
                max_instances: parse::whole_number(
                    "ATTACHE_MAX_INSTANCES (--max-instances)",
                    flags.max_instances,
                    256,
                    1,
                    10_000,
                )?,
                memory: parse::size(
                    "ATTACHE_MEMORY (--memory)",
                    flags.memory,
                    256 << 20,
                    1 << 20,
                    4 << 30,
                )
                .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))?,
                cpu: Duration::from_millis(parse::whole_number(
                    "ATTACHE_CPU_MS (--cpu-ms)",
                    flags.cpu_ms,
                    60_000,
                    10,
                    86_400_000,
                )?),
            },
            drain: parse::seconds(
                "ATTACHE_DRAIN (--drain)",
                flags.drain,
                Duration::from_secs(8),
            )?,
            log: log(flags.log_format, &platform, environment)?,
            telemetry: telemetry::resolve(flags.telemetry, environment)?,
            project: environment.get("GOOGLE_CLOUD_PROJECT").map(str::to_owned),
            metadata_host: metadata_host(environment).to_owned(),
            platform,
        })
    }
}

/// `host[:port]` of the metadata server.
pub(crate) fn metadata_host(environment: &Environment) -> &str {
    let given = environment.get("GCE_METADATA_HOST");
    given.unwrap_or("metadata.google.internal")
}

fn component(given: Option<String>) -> Result<PathBuf, ConfigError> {
    const KEY: &str = "ATTACHE_COMPONENT (COMPONENT)";
    let Some(given) = parse::given(given) else {
        return Err(ConfigError::missing(
            KEY,
            "give the path of a .wasm or .cwasm file",
        ));
    };
    let path = PathBuf::from(&given);
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(path),
        Ok(_) => Err(ConfigError::new(KEY, given, "give a file, not a folder")),
        Err(error) => Err(ConfigError::new(
            KEY,
            given,
            format!("give the path of a .wasm or .cwasm file that can be read ({error})"),
        )),
    }
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

fn allow_list(given: Option<String>) -> Result<AllowList, ConfigError> {
    let Some(given) = parse::given(given) else {
        return Ok(AllowList::default());
    };
    AllowList::parse(&given).map_err(|expected| {
        ConfigError::new("ATTACHE_ALLOW_OUTBOUND (--allow-outbound)", given, expected)
    })
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
mod tests;
