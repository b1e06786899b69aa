//! How names are resolved, and whose certificates are accepted.

use std::net::SocketAddr;

use clap::Args;

use super::{ConfigError, parse};
use crate::outbound::{Dns, DnsConfig, Network, Trust};

const DNS: &str = "ATTACHE_DNS (--dns)";
const CA: &str = "ATTACHE_OUTBOUND_CA_FILE (--outbound-ca-file)";

/// The flags of `serve` about the network, as text.
#[derive(Debug, Default, Args)]
pub struct NetworkFlags {
    /// Name servers for outbound calls: ADDRESS or ADDRESS:PORT, separated by commas. [default: those
    /// of the system]
    #[arg(
        long,
        env = "ATTACHE_DNS",
        hide_env_values = true,
        value_name = "SERVERS"
    )]
    pub dns: Option<String>,

    /// Answers of name servers that are kept, for as long as they say and for five minutes at most.
    /// [default: 2048]
    #[arg(
        long,
        env = "ATTACHE_DNS_CACHE",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub dns_cache: Option<String>,

    /// PEM file with certificates of authorities that outbound calls trust beside those of the web.
    /// [default: none]
    #[arg(
        long,
        env = "ATTACHE_OUTBOUND_CA_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub outbound_ca_file: Option<String>,
}

/// With the metadata server at `metadata`.
pub(super) fn resolve(flags: NetworkFlags, metadata: &str) -> Result<Network, ConfigError> {
    let dns = DnsConfig {
        servers: servers(flags.dns)?,
        kept: parse::whole_number(
            "ATTACHE_DNS_CACHE (--dns-cache)",
            flags.dns_cache,
            DnsConfig::default().kept,
            2,
            1_000_000,
        )?,
    };
    let trust = trust(flags.outbound_ca_file)?;
    Ok(Network::new(Dns::new(dns), trust, metadata))
}

fn servers(given: Option<String>) -> Result<Vec<SocketAddr>, ConfigError> {
    let given = parse::given(given).unwrap_or_default();
    let entries = given.split(',').map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let alone = || Some(SocketAddr::new(entry.parse().ok()?, 53));
            entry.parse().ok().or_else(alone).ok_or_else(|| {
                let expected = format!(
                    "{entry:?} is not an address or address:port, such as 10.0.0.2 or 127.0.0.1:5353"
                );
                ConfigError::new(DNS, given.as_str(), expected)
            })
        })
        .collect()
}

fn trust(file: Option<String>) -> Result<Trust, ConfigError> {
    let Some(path) = parse::given(file) else {
        return Ok(Trust::default());
    };
    let refused = |expected: String| ConfigError::new(CA, path.as_str(), expected);
    let pem = std::fs::read(&path)
        .map_err(|error| refused(format!("give a file that can be read ({error})")))?;
    Trust::with(&pem).map_err(refused)
}
