use async_trait::async_trait;
use attache_registry::{Body, Transport};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;

use crate::outbound::{Network, Outbound};

/// The host's own way out: its name servers, and the authorities that it trusts. The registry is the
/// operator's choice, so that it may have a private address.
pub(super) struct WayOut(Outbound);

impl WayOut {
    pub(super) fn new(network: Network) -> Self {
        Self(Outbound::of_operator(network))
    }
}

#[async_trait]
impl Transport for WayOut {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, String> {
        let response = self.0.call(request).await;
        let response = response.map_err(|error| error.to_string())?;
        Ok(response.map(|body| body.map_err(|error| error.to_string()).boxed_unsync()))
    }
}
