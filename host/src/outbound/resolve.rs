use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use thiserror::Error;
use tower_service::Service;

use super::Dns;
use super::policy::{Policy, Refusal};

/// Resolves a name and hands on its addresses only when all of them may be reached: a name with
/// one private address among public ones is an attempt, not a configuration.
#[derive(Clone)]
pub(super) struct CheckedResolver {
    policy: Arc<Policy>,
    dns: Dns,
    port: u16,
}

/// Why a name has no addresses to connect to.
#[derive(Debug, Error)]
pub(super) enum ResolveError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{host} cannot be resolved: {reason}")]
    Unresolved { host: String, reason: String },
}

impl CheckedResolver {
    /// For a connection to `port`.
    pub(super) fn new(policy: Arc<Policy>, dns: Dns, port: u16) -> Self {
        Self { policy, dns, port }
    }

    async fn resolve(self, host: String) -> Result<std::vec::IntoIter<SocketAddr>, ResolveError> {
        let found = self.dns.lookup(&host).await;
        let found = found.map_err(|reason| ResolveError::Unresolved {
            host: host.clone(),
            reason,
        })?;
        for alias in &found.aliases {
            Policy::check_name(&host, alias)?;
        }
        for address in &found.addresses {
            self.policy.check_address(&host, *address, self.port)?;
        }
        // The connector puts the port in.
        let addresses = found.addresses.into_iter();
        let addresses: Vec<_> = addresses
            .map(|address| SocketAddr::new(address, 0))
            .collect();
        Ok(addresses.into_iter())
    }
}

impl Service<Name> for CheckedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name.as_str().to_owned()))
    }
}
