//! What the component may reach, how much of it, and with which credentials.

use clap::Args;

use super::{ConfigError, Environment, credentials, parse};
use crate::google::Google;
use crate::outbound::{AllowList, Caller, Network, OutboundConfig, OutboundLimits};

/// The flags of `serve` about calls of the component, as text.
#[derive(Debug, Default, Clone, Args)]
pub struct OutboundFlags {
    /// What is added to the component's requests, as ORIGIN=KIND, separated by commas. An origin is
    /// https://HOST or https://*.DOMAIN; a kind is google-access-token[:SCOPE+SCOPE],
    /// google-id-token[:AUDIENCE], header:NAME:env:VARIABLE, header:NAME:file:PATH, or caller for the
    /// token that the agent was called with. [default: none]
    #[arg(
        long,
        env = "ATTACHE_CREDENTIALS",
        hide_env_values = true,
        value_name = "RULES"
    )]
    pub credentials: Option<String>,

    /// Requests that an instance may send while it serves one. [default: 1000]
    #[arg(
        long,
        env = "ATTACHE_OUTBOUND_CALLS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub outbound_calls: Option<String>,

    /// Requests that an instance may have open at the same time; the next waits for one of them.
    /// [default: 16]
    #[arg(
        long,
        env = "ATTACHE_OUTBOUND_CONCURRENT",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub outbound_concurrent: Option<String>,

    /// Bytes that an instance may send and receive while it serves one request. [default: 256MiB]
    #[arg(
        long,
        env = "ATTACHE_OUTBOUND_BYTES",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub outbound_bytes: Option<String>,
}

/// What belongs to the policy.
pub(super) struct Given<'a> {
    pub(super) allow: Option<String>,
    pub(super) allow_private: Option<String>,
    pub(super) flags: OutboundFlags,
    pub(super) network: &'a Network,
    pub(super) google: &'a Google,
    pub(super) environment: &'a Environment,
}

pub(super) fn resolve(given: Given<'_>) -> Result<OutboundConfig, ConfigError> {
    let allow_private = parse::switch(
        "ATTACHE_OUTBOUND_ALLOW_PRIVATE (--outbound-allow-private)",
        given.allow_private,
    )?;
    let flags = given.flags;
    Ok(OutboundConfig {
        allow: allow_list(given.allow)?,
        allow_private,
        caller: Caller::Component,
        credentials: credentials::resolve(
            flags.credentials,
            allow_private,
            given.google,
            given.environment,
        )?,
        limits: limits(
            flags.outbound_calls,
            flags.outbound_concurrent,
            flags.outbound_bytes,
        )?,
        google: given.google.clone(),
        network: given.network.clone(),
    })
}

fn limits(
    calls: Option<String>,
    concurrent: Option<String>,
    bytes: Option<String>,
) -> Result<OutboundLimits, ConfigError> {
    let default = OutboundLimits::default();
    Ok(OutboundLimits {
        calls: parse::whole_number(
            "ATTACHE_OUTBOUND_CALLS (--outbound-calls)",
            calls,
            default.calls,
            1,
            1_000_000,
        )?,
        concurrent: parse::whole_number(
            "ATTACHE_OUTBOUND_CONCURRENT (--outbound-concurrent)",
            concurrent,
            default.concurrent,
            1,
            10_000,
        )?,
        bytes: parse::size(
            "ATTACHE_OUTBOUND_BYTES (--outbound-bytes)",
            bytes,
            default.bytes,
            1 << 10,
            1 << 40,
        )?,
    })
}

fn allow_list(given: Option<String>) -> Result<AllowList, ConfigError> {
    let Some(given) = parse::given(given) else {
        return Ok(AllowList::default());
    };
    AllowList::parse(&given).map_err(|expected| {
        ConfigError::new("ATTACHE_ALLOW_OUTBOUND (--allow-outbound)", given, expected)
    })
}
