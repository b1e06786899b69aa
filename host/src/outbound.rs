//! What the component and its webhooks may reach, and how.
//!
//! The component's `wasi:http/outgoing-handler` ends here instead of in a socket of its own. Each
//! request passes one policy (the list of allowed hosts, then every address that the name stands
//! for), goes out over connections that all requests share, and is bounded in time, number and bytes.
//! The policy runs in the connector, on the addresses that are then connected to, so that a name which
//! resolves differently a moment later gains nothing. Redirects are not followed: whoever follows one
//! sends a new request, which passes the policy like the first.
//!
//! Credentials are added here, on the way out, by the origin that a request goes to
//! ([`CredentialRule`]): the component names a URL and never holds what opens it. The policy comes
//! first, so that no credential leads anywhere that it does not allow.
//!
//! Webhooks are called by the host itself ([`Outbound::call`]), under a policy of their own: any host
//! that a client names, and no private address unless the deployment allows it.
//!
//! Lifetimes: [`Network`] once per process; [`Outbound`] once per policy, of which each component has
//! one; [`OutboundHooks`] once per request.

mod address;
mod allow_list;
mod body;
mod budget;
mod call;
mod connector;
mod credentials;
mod destination;
mod dns;
mod failure;
mod headers;
mod hooks;
mod network;
mod origin;
mod policy;
mod resolve;
mod secret;
mod time_outs;

pub use allow_list::AllowList;
pub use budget::OutboundLimits;
pub use call::CallError;
pub use credentials::{CredentialKind, CredentialRule};
pub use dns::{Dns, DnsConfig};
pub use hooks::OutboundHooks;
pub use network::{Network, Trust};
pub use origin::OriginPattern;
pub use secret::HeaderSecret;

use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::WasiBody;

use crate::google::Google;
use connector::CheckedConnector;
use credentials::Credentials;
use policy::Policy;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Unused connections kept per host.
const IDLE_PER_HOST: usize = 16;
/// A connection of HTTP/2 carries all requests to a host: one that died in silence would take them all
/// with it, so while any is open, this long without a sign of life asks for one.
const PING_AFTER: Duration = Duration::from_secs(20);
/// How long the other side has to answer that.
const PONG_WITHIN: Duration = Duration::from_secs(10);

/// What a deployment lets its component reach.
#[derive(Debug, Clone, Default)]
pub struct OutboundConfig {
    /// The hosts; none by default.
    pub allow: AllowList,
    /// Whether these hosts may have private addresses.
    pub allow_private: bool,
    /// Who calls.
    pub caller: Caller,
    /// What one instance may send and receive.
    pub limits: OutboundLimits,
    /// What is added to requests; nothing by default.
    pub credentials: Vec<CredentialRule>,
    /// Where Google's tokens come from, for the rules that add them.
    pub google: Google,
    /// What every way out of the process shares.
    pub network: Network,
}

impl OutboundConfig {
    /// Reads secrets that stand in files again, each time that `every` has passed. Zero is never.
    pub fn follow_secrets(&self, every: Duration) {
        for rule in &self.credentials {
            if let CredentialKind::Header { secret, .. } = &rule.kind {
                secret.follow(every);
            }
        }
    }
}

/// Who calls: decides what a refusal tells the operator to set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Caller {
    /// The component.
    #[default]
    Component,
    /// The host, on behalf of whoever registered a webhook.
    Webhooks,
}

/// The outbound half of an agent: the policy, the credentials and the pool of connections.
#[derive(Clone)]
pub struct Outbound {
    client: Client<HttpsConnector<CheckedConnector>, WasiBody>,
    policy: Arc<Policy>,
    credentials: Arc<Credentials>,
    limits: OutboundLimits,
}

impl Outbound {
    /// For what the operator configured by URL, such as token services, collectors and issuers: any
    /// host, private addresses among them, and no metadata server.
    pub fn of_operator(network: Network) -> Self {
        Self::new(OutboundConfig {
            allow: AllowList::everything(),
            allow_private: true,
            network,
            ..OutboundConfig::default()
        })
    }

    /// Opens nothing yet. Installs the process's TLS provider.
    pub fn new(config: OutboundConfig) -> Self {
        let credentials = Arc::new(Credentials::new(config.credentials, config.google));
        let network = config.network;
        let policy = Arc::new(Policy::new(
            config.allow,
            config.allow_private,
            config.caller,
            network.metadata.clone(),
        ));
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(network.trust.client_config())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(CheckedConnector::new(policy.clone(), network.dns));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(PING_AFTER)
            .http2_keep_alive_timeout(PONG_WITHIN)
            .build(tls);
        Self {
            client,
            policy,
            credentials,
            limits: config.limits,
        }
    }
}
