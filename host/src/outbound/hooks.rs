use std::future::Future;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::capture_connection;
use tokio::time::timeout;
use tracing::{Instrument, Span};
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::body::{RequestBody, ResponseBody};
use super::budget::Budget;
use super::credentials::{CredentialError, missing_rule};
use super::destination::Destination;
use super::headers::strip_hop_by_hop;
use super::time_outs::TimeOuts;
use super::{Outbound, failure};
use crate::telemetry::{ModelCalls, OutboundCall};

/// The outgoing requests of one instance.
pub struct OutboundHooks {
    sender: Sender,
    /// The span of the request that is served, so that what is logged here names it.
    span: Span,
}

impl OutboundHooks {
    /// For one instance, which serves the request of `span`. `bearer` is the token of its caller, for
    /// the origins that are sent that.
    pub(crate) fn new(
        outbound: Outbound,
        bearer: Option<&str>,
        span: Span,
        models: Arc<ModelCalls>,
    ) -> Self {
        let budget = Arc::new(Budget::new(outbound.limits));
        let sender = Sender {
            outbound,
            budget,
            bearer: bearer.map(Arc::from),
            models,
        };
        Self { sender, span }
    }
}

/// A response, and what goes on beside it: nothing, since the pool drives its connections.
type Sent = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<()>> + Send>,
);

impl WasiHttpHooks for OutboundHooks {
    /// The client writes the header itself where the protocol has one.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent>> + Send> {
        let time_outs = TimeOuts::of(options.unwrap_or_default());
        let sent = self.sender.clone().send(request, time_outs);
        Box::new(sent.instrument(self.span.clone()))
    }
}

/// Sends the requests of one instance.
#[derive(Clone)]
struct Sender {
    outbound: Outbound,
    budget: Arc<Budget>,
    bearer: Option<Arc<str>>,
    models: Arc<ModelCalls>,
}

impl Sender {
    async fn send(self, request: Request<WasiBody>, time_outs: TimeOuts) -> Result<Sent> {
        // First of all: however this ends, the component's body is heard to its end.
        let budget = self.budget.clone();
        let mut request = request.map(|body| RequestBody::new(body, budget).boxed_unsync());
        if self.budget.take_call().is_err() {
            return Err(Error::ConnectionLimitReached);
        }
        let checked = self.outbound.policy.check_url(request.uri());
        let destination = checked.map_err(|refusal| {
            self.budget
                .warn(format_args!("refused a call of the component: {refusal}"));
            Error::HttpRequestDenied
        })?;
        let mut seen =
            OutboundCall::begin(request.method(), request.uri()).of_component(&self.models);
        seen.hand_on(request.headers_mut());
        let call = self.budget.open(&destination, time_outs.connect).await;
        let call = call.map_err(|_| Error::ConnectionLimitReached)?;
        strip_hop_by_hop(request.headers_mut());
        let own = request.headers().contains_key(AUTHORIZATION);
        let added = self.add_credentials(request.headers_mut(), &destination);
        let known = added.await? || own;

        let mut connection = capture_connection(&mut request);
        let mut response = std::pin::pin!(self.outbound.client.request(request));
        let early = tokio::select! {
            early = &mut response => Some(early),
            _ = connection.wait_for_connection_metadata() => None,
            () = tokio::time::sleep(time_outs.connect) => {
                seen.failed("no connection in time");
                return Err(Error::ConnectionTimeout);
            }
        };
        let response = match early {
            Some(response) => response,
            None => timeout(time_outs.first_byte, response).await.map_err(|_| {
                seen.failed("no answer in time");
                Error::ConnectionReadTimeout
            })?,
        };
        let mut response = response.map_err(|error| {
            seen.failed("no answer");
            match failure::refusal(&error) {
                Some(refusal) => self
                    .budget
                    .warn(format_args!("refused a call of the component: {refusal}")),
                None => self.budget.warn(format_args!(
                    "a call of the component to {destination} failed: {}",
                    failure::describe(&error)
                )),
            }
            failure::of_request(&error)
        })?;
        if response.status() == StatusCode::UNAUTHORIZED && !known {
            self.suggest_rule(&destination);
        }
        seen.answered(response.status().as_u16());
        strip_hop_by_hop(response.headers_mut());
        let held = (call, seen);
        let (budget, between_bytes) = (self.budget, time_outs.between_bytes);
        let response = response.map(|incoming| {
            ResponseBody::new(incoming, between_bytes, budget, held).boxed_unsync()
        });
        Ok((response, Box::new(std::future::ready(Ok(())))))
    }

    /// A request that should have a credential does not leave without it.
    async fn add_credentials(
        &self,
        headers: &mut HeaderMap,
        destination: &Destination,
    ) -> Result<bool> {
        let bearer = self.bearer.as_deref();
        let added = self.outbound.credentials.add(headers, destination, bearer);
        added.await.map_err(|error| {
            self.budget.warn(format_args!(
                "a call of the component to {destination} was not sent, because its credential \
                 could not be got: {error}"
            ));
            match error {
                CredentialError::NoCaller => Error::HttpRequestDenied,
                // The component learns that it is not its fault, and no more.
                CredentialError::Token(_) | CredentialError::Secret(_) | CredentialError::Unfit => {
                    Error::InternalError(Some(
                        "the host has no credential for this host".to_owned(),
                    ))
                }
            }
        })
    }

    /// Nothing is added that no rule names, not even on Google Cloud: that has to be said where it is
    /// missed.
    fn suggest_rule(&self, destination: &Destination) {
        if let Some(rule) = missing_rule(destination) {
            self.budget.warn(format_args!(
                "{destination} refused a call of the component that came without credentials; \
                 --credentials {rule} (ATTACHE_CREDENTIALS) would add them"
            ));
        }
    }
}
