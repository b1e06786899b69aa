//! What the component and its webhooks may reach, and how.
//!
//! The component's `wasi:http/outgoing-handler` ends here instead of in a socket of its own. Each
//! request passes one policy (the list of allowed hosts, then every address that the name stands
//! for), goes out over connections that all requests share, and is bounded in time. The policy
//! runs in the connector, on the addresses that are then connected to, so that a name which
//! resolves differently a moment later gains nothing.
//!
//! Webhooks are called by the host itself ([`Outbound::call`]), under a policy of their own: any host
//! that a client names, and no private address unless the deployment allows it.
//!
//! Lifetimes: [`Outbound`] once per process and policy; nothing per component; [`OutboundHooks`] once per
//! request.

mod address;
mod allow_list;
mod body;
mod call;
mod destination;
mod failure;
mod hooks;
mod policy;
mod resolve;

pub use allow_list::AllowList;
pub use call::CallError;
pub use hooks::OutboundHooks;

use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::WasiBody;

use policy::Policy;
use resolve::CheckedResolver;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Unused connections kept per host.
const IDLE_PER_HOST: usize = 16;
/// Answers read at the same time by one instance; the next waits for one of them to end.
const CALLS_PER_INSTANCE: usize = 16;

/// What a deployment lets its component reach.
#[derive(Debug, Clone, Default)]
pub struct OutboundConfig {
    /// The hosts; none by default.
    pub allow: AllowList,
    /// Whether these hosts may have private addresses.
    pub allow_private: bool,
    /// Who calls.
    pub caller: Caller,
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

/// The outbound half of the process: the policy and the pool of connections.
#[derive(Clone)]
pub struct Outbound {
    client: Client<HttpsConnector<HttpConnector<CheckedResolver>>, WasiBody>,
    policy: Arc<Policy>,
}

impl Outbound {
    /// Opens nothing yet. Installs the process's TLS provider.
    pub fn new(config: OutboundConfig) -> Self {
        // A provider that is installed already is the same one: nothing else installs any.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let policy = Arc::new(Policy::new(config));
        let mut tcp = HttpConnector::new_with_resolver(CheckedResolver::new(policy.clone()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(hooks::LONGEST_CONNECT));
        let tls = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build(tls);
        Self { client, policy }
    }
}
