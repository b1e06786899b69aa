use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{ResolverBuilder, TokioResolver};

/// A name that has moved is found again after this, whatever its zone says.
const LONGEST: Duration = Duration::from_secs(300);
/// A zone that forbids keeping its answers does not have every request ask.
const SHORTEST: Duration = Duration::from_secs(1);
/// A name that did not exist may a moment later.
const LONGEST_NEGATIVE: Duration = Duration::from_secs(30);

/// How names are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// The name servers; none are those of the system.
    pub servers: Vec<SocketAddr>,
    /// Answers that are kept. A name has two: its IPv4 and its IPv6 addresses.
    pub kept: u64,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            kept: 2048,
        }
    }
}

/// Resolves names, and keeps what it learnt for as long as the answers say, within bounds: one second
/// to five minutes, and half a minute for a name that does not exist. Cheap to clone; all clones keep
/// the same answers.
#[derive(Clone, Default)]
pub struct Dns(Arc<Inner>);

#[derive(Default)]
struct Inner {
    config: DnsConfig,
    /// Made at first use: a host without outbound calls needs no DNS configuration.
    resolver: OnceLock<Result<TokioResolver, String>>,
}

/// What a name stands for.
pub(super) struct Found {
    pub(super) addresses: Vec<IpAddr>,
    /// The names that it is an alias of, in the spelling of the policy.
    pub(super) aliases: Vec<String>,
}

impl Dns {
    /// Asks nothing yet.
    pub fn new(config: DnsConfig) -> Self {
        Self(Arc::new(Inner {
            config,
            resolver: OnceLock::new(),
        }))
    }

    pub(super) async fn lookup(&self, host: &str) -> Result<Found, String> {
        let resolver = self.0.resolver.get_or_init(|| resolver(&self.0.config));
        let found = resolver
            .as_ref()
            .map_err(Clone::clone)?
            .lookup_ip(host)
            .await
            .map_err(|error| error.to_string())?;
        let aliases = found.as_lookup().answers().iter();
        let aliases = aliases.filter_map(|record| match &record.data {
            RData::CNAME(name) => Some(name.0.to_ascii()),
            _ => None,
        });
        Ok(Found {
            addresses: found.iter().collect(),
            aliases: aliases
                .map(|name| name.trim_end_matches('.').to_ascii_lowercase())
                .collect(),
        })
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dns").field(&self.0.config).finish()
    }
}

fn resolver(config: &DnsConfig) -> Result<TokioResolver, String> {
    let unusable = |error| format!("the system's DNS configuration cannot be read ({error})");
    let mut builder = if config.servers.is_empty() {
        TokioResolver::builder_tokio().map_err(unusable)?
    } else {
        of_servers(&config.servers)
    };
    keep(builder.options_mut(), config.kept);
    builder.build().map_err(unusable)
}

fn of_servers(servers: &[SocketAddr]) -> ResolverBuilder<TokioRuntimeProvider> {
    let servers = servers.iter().map(|address| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
        let connections = connections.map(|mut connection| {
            connection.port = address.port();
            connection
        });
        NameServerConfig::new(address.ip(), true, connections.into())
    });
    let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
}

fn keep(options: &mut ResolverOpts, kept: u64) {
    options.cache_size = kept;
    options.positive_min_ttl = Some(SHORTEST);
    options.positive_max_ttl = Some(LONGEST);
    options.negative_min_ttl = Some(SHORTEST);
    options.negative_max_ttl = Some(LONGEST_NEGATIVE);
}
