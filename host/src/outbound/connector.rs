use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::Dns;
use super::policy::Policy;
use super::resolve::CheckedResolver;
use super::time_outs::LONGEST_CONNECT;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Connects to the addresses that the policy has seen, and to no others. The resolver of one
/// connection knows its port, which the policy judges together with the address.
#[derive(Clone)]
pub(super) struct CheckedConnector {
    policy: Arc<Policy>,
    dns: Dns,
}

impl CheckedConnector {
    pub(super) fn new(policy: Arc<Policy>, dns: Dns) -> Self {
        Self { policy, dns }
    }
}

impl Service<Uri> for CheckedConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let destination = match self.policy.check_url(&uri) {
            Ok(destination) => destination,
            Err(refusal) => return Box::pin(std::future::ready(Err(refusal.into()))),
        };
        let resolver =
            CheckedResolver::new(self.policy.clone(), self.dns.clone(), destination.port);
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(LONGEST_CONNECT));
        Box::pin(async move { tcp.call(uri).await.map_err(Into::into) })
    }
}
