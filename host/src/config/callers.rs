//! How much a caller may ask for, and how slowly.
//!
//! All of it is about the process and the way to it; only the queue is an agent's own.

use std::time::Duration;

use clap::Args;

use super::{ConfigError, Platform, parse};
use crate::service::{Rate, TrustedProxies};

/// Connections that are idle for longer are closed, where anybody may connect.
const STRANGERS: Duration = Duration::from_secs(60);
/// A proxy of the platform keeps idle connections for ten minutes and must not find them closed.
const PROXY: Duration = Duration::from_secs(620);

/// What callers are held to, before a component has a part in it.
#[derive(Debug, Clone)]
pub struct CallerLimits {
    /// What the head of a request may hold.
    pub heads: HeadLimits,
    /// How slowly the body of a request may come.
    pub bodies: BodyPatience,
    /// How many connections there may be, and how slow.
    pub connections: ConnectionLimits,
    /// How often callers may ask.
    pub rates: RateLimits,
    /// Whose word on the address of a caller is taken.
    pub proxies: TrustedProxies,
    /// Where requests wait when every instance is busy.
    pub queue: Queueing,
}

/// What the head of a request may hold.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// Bytes of all fields, their names included.
    pub bytes: u32,
    /// Number of fields.
    pub fields: usize,
    /// Bytes of the URI.
    pub uri: usize,
}

/// How slowly the body of a request may come. Only the time counts in which the host waits for it.
#[derive(Debug, Clone, Copy)]
pub struct BodyPatience {
    /// Between two pieces.
    pub between: Duration,
    /// For the whole body, with a second more for each 32 KiB that came.
    pub whole: Duration,
}

/// How many connections there may be, and how slow.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections at the same time. The next waits to be accepted.
    pub most: usize,
    /// Of these from one address, unless a proxy connects; none sets no limit.
    pub per_address: Option<usize>,
    /// For how long a connection may have no request, and for how long it may send the head of one.
    pub idle: Duration,
    /// For how long a client may take nothing of its response.
    pub stall: Duration,
}

/// How often callers may ask. None sets no limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateLimits {
    /// Requests of an authenticated caller.
    pub caller: Option<Rate>,
    /// Requests from an address, but for the card.
    pub address: Option<Rate>,
    /// Requests for the card from an address.
    pub card: Option<Rate>,
}

/// Where requests wait when every instance is busy.
#[derive(Debug, Clone, Copy)]
pub struct Queueing {
    /// How many may wait for an agent; none is twice its instances, and zero that nobody waits.
    pub places: Option<u32>,
    /// For how long one may wait.
    pub wait: Duration,
}

/// The flags of `serve` about callers, as text.
#[derive(Debug, Default, Args)]
pub struct CallerFlags {
    /// Largest head of a request without its URI, such as 64KiB; larger get 431. [default: 64KiB]
    #[arg(
        long,
        env = "ATTACHE_MAX_HEADER_SIZE",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub max_header_size: Option<String>,

    /// Header fields of a request; more get 431. [default: 100]
    #[arg(
        long,
        env = "ATTACHE_MAX_HEADERS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub max_headers: Option<String>,

    /// Longest URI of a request, such as 8KiB; longer get 414. [default: 8KiB]
    #[arg(
        long,
        env = "ATTACHE_MAX_URI",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub max_uri: Option<String>,

    /// Seconds that a client may let pass between two pieces of its request's body; then it gets
    /// 408. [default: 10]
    #[arg(
        long,
        env = "ATTACHE_BODY_IDLE",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub body_idle: Option<String>,

    /// Seconds that a client may take for its request's body, and one more for each 32KiB that it
    /// has sent; then it gets 408. [default: 30]
    #[arg(
        long,
        env = "ATTACHE_BODY_TIME",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub body_time: Option<String>,

    /// Seconds that a client may take nothing of its response; then its connection is closed, or
    /// its stream ended. [default: 60]
    #[arg(
        long,
        env = "ATTACHE_WRITE_STALL",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub write_stall: Option<String>,

    /// Seconds that a connection may be without a request, and that the head of one may take.
    /// [default: 60; 620 on Cloud Run, whose proxy keeps connections for 600]
    #[arg(
        long,
        env = "ATTACHE_IDLE_TIMEOUT",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub idle_timeout: Option<String>,

    /// Connections at the same time; the next waits to be accepted. [default: 10000]
    #[arg(
        long,
        env = "ATTACHE_MAX_CONNECTIONS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub max_connections: Option<String>,

    /// Connections from one address; the next is closed. 0 sets no limit, and trusted proxies have
    /// none. [default: a quarter of --max-connections]
    #[arg(
        long,
        env = "ATTACHE_MAX_CONNECTIONS_PER_ADDRESS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub max_connections_per_address: Option<String>,

    /// Requests of one authenticated caller: COUNT/s, /min or /h, such as 600/min, and :BURST when
    /// fewer may come at once; more get 429. [default: no limit]
    #[arg(
        long,
        env = "ATTACHE_RATE_CALLER",
        hide_env_values = true,
        value_name = "RATE"
    )]
    pub rate_caller: Option<String>,

    /// Requests from one address (IPv6: one /64), except for the agent card. [default: no limit]
    #[arg(
        long,
        env = "ATTACHE_RATE_ADDRESS",
        hide_env_values = true,
        value_name = "RATE"
    )]
    pub rate_address: Option<String>,

    /// Requests for the agent card from one address. [default: no limit]
    #[arg(
        long,
        env = "ATTACHE_RATE_CARD",
        hide_env_values = true,
        value_name = "RATE"
    )]
    pub rate_card: Option<String>,

    /// Proxies in front, which say in X-Forwarded-For where a request comes from: how many, or
    /// their networks, such as 10.0.0.0/8,2001:db8::/32. [default: 0; 1 on Cloud Run]
    #[arg(
        long,
        env = "ATTACHE_TRUSTED_PROXIES",
        hide_env_values = true,
        value_name = "COUNT|NETWORKS"
    )]
    pub trusted_proxies: Option<String>,

    /// Requests that wait when every instance is busy; more get 503. [default: twice
    /// --max-instances]
    #[arg(
        long,
        env = "ATTACHE_QUEUE",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub queue: Option<String>,

    /// Seconds that a request may wait for an instance; then it gets 503. [default: 5]
    #[arg(
        long,
        env = "ATTACHE_QUEUE_WAIT",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub queue_wait: Option<String>,
}

/// Checks `flags`, for agents of `instances`.
pub(super) fn resolve(
    flags: CallerFlags,
    platform: &Platform,
) -> Result<CallerLimits, ConfigError> {
    let second = Duration::from_secs(1);
    let most = parse::whole_number(
        "ATTACHE_MAX_CONNECTIONS (--max-connections)",
        flags.max_connections,
        10_000,
        1,
        1_000_000,
    )?;
    let per_address = parse::whole_number(
        "ATTACHE_MAX_CONNECTIONS_PER_ADDRESS (--max-connections-per-address)",
        flags.max_connections_per_address,
        (most / 4).max(1),
        0,
        most,
    )?;
    Ok(CallerLimits {
        heads: HeadLimits {
            bytes: parse::size(
                "ATTACHE_MAX_HEADER_SIZE (--max-header-size)",
                flags.max_header_size,
                64 << 10,
                1 << 10,
                1 << 20,
            )
            .map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX))?,
            fields: parse::whole_number(
                "ATTACHE_MAX_HEADERS (--max-headers)",
                flags.max_headers,
                100,
                10,
                1_000,
            )?,
            uri: parse::size(
                "ATTACHE_MAX_URI (--max-uri)",
                flags.max_uri,
                8 << 10,
                256,
                32 << 10,
            )
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))?,
        },
        bodies: BodyPatience {
            between: parse::seconds_from(
                "ATTACHE_BODY_IDLE (--body-idle)",
                flags.body_idle,
                Duration::from_secs(10),
                second,
            )?,
            whole: parse::seconds_from(
                "ATTACHE_BODY_TIME (--body-time)",
                flags.body_time,
                Duration::from_secs(30),
                second,
            )?,
        },
        connections: ConnectionLimits {
            most,
            per_address: (per_address > 0).then_some(per_address),
            idle: parse::seconds_from(
                "ATTACHE_IDLE_TIMEOUT (--idle-timeout)",
                flags.idle_timeout,
                if platform.is_cloud_run() {
                    PROXY
                } else {
                    STRANGERS
                },
                second,
            )?,
            stall: parse::seconds_from(
                "ATTACHE_WRITE_STALL (--write-stall)",
                flags.write_stall,
                Duration::from_secs(60),
                second,
            )?,
        },
        rates: RateLimits {
            caller: rate("ATTACHE_RATE_CALLER (--rate-caller)", flags.rate_caller)?,
            address: rate("ATTACHE_RATE_ADDRESS (--rate-address)", flags.rate_address)?,
            card: rate("ATTACHE_RATE_CARD (--rate-card)", flags.rate_card)?,
        },
        proxies: proxies(flags.trusted_proxies, platform)?,
        queue: Queueing {
            places: match parse::given(flags.queue) {
                None => None,
                given => Some(parse::whole_number(
                    "ATTACHE_QUEUE (--queue)",
                    given,
                    0,
                    0,
                    100_000,
                )?),
            },
            wait: parse::seconds_from(
                "ATTACHE_QUEUE_WAIT (--queue-wait)",
                flags.queue_wait,
                Duration::from_secs(5),
                Duration::from_millis(10),
            )?,
        },
    })
}

fn rate(key: &str, given: Option<String>) -> Result<Option<Rate>, ConfigError> {
    let Some(text) = parse::given(given) else {
        return Ok(None);
    };
    match Rate::parse(&text) {
        Ok(rate) => Ok(Some(rate)),
        Err(expected) => Err(ConfigError::new(key, text, expected)),
    }
}

/// On Cloud Run the one proxy that every request passes is the platform's.
fn proxies(given: Option<String>, platform: &Platform) -> Result<TrustedProxies, ConfigError> {
    let Some(text) = parse::given(given) else {
        return Ok(TrustedProxies::Hops(platform.is_cloud_run().into()));
    };
    TrustedProxies::parse(&text).map_err(|expected| {
        ConfigError::new(
            "ATTACHE_TRUSTED_PROXIES (--trusted-proxies)",
            text,
            expected,
        )
    })
}

#[cfg(test)]
mod tests;
