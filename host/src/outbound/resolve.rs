use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use hickory_resolver::TokioResolver;
use hyper_util::client::legacy::connect::dns::Name;
use thiserror::Error;
use tower_service::Service;

use super::policy::{Policy, Refusal};

/// Resolves a name and hands on its addresses only when all of them may be reached: a name with
/// one private address among public ones is an attempt, not a configuration.
#[derive(Clone)]
pub(super) struct CheckedResolver {
    policy: Arc<Policy>,
    /// Made at first use: a host without outbound calls needs no DNS configuration.
    resolver: Arc<OnceLock<Result<TokioResolver, String>>>,
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
    pub(super) fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            resolver: Arc::default(),
        }
    }

    async fn resolve(self, host: String) -> Result<std::vec::IntoIter<SocketAddr>, ResolveError> {
        let unresolved = |reason: String| ResolveError::Unresolved {
            host: host.clone(),
            reason,
        };
        let resolver = self.resolver.get_or_init(system_resolver).as_ref();
        let found = resolver
            .map_err(|reason| unresolved(reason.clone()))?
            .lookup_ip(host.as_str())
            .await
            .map_err(|error| unresolved(error.to_string()))?;
        let mut addresses = Vec::new();
        for address in found.iter() {
            self.policy.check_address(&host, address)?;
            // The connector puts the port in.
            addresses.push(SocketAddr::new(address, 0));
        }
        Ok(addresses.into_iter())
    }
}

fn system_resolver() -> Result<TokioResolver, String> {
    TokioResolver::builder_tokio()
        .and_then(|builder| builder.build())
        .map_err(|error| format!("the system's DNS configuration cannot be read ({error})"))
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
