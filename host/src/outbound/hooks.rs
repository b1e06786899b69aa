use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::capture_connection;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{Instrument, Span, warn};
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::body::ResponseBody;
use super::{CALLS_PER_INSTANCE, Outbound, failure};
use crate::telemetry::OutboundCall;

/// The longest that a component may have a connection take.
pub(super) const LONGEST_CONNECT: Duration = Duration::from_secs(60);
const DEFAULT_CONNECT: Duration = Duration::from_secs(10);
/// Models think for minutes before the first byte.
const DEFAULT_WAIT: Duration = Duration::from_secs(300);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The outgoing requests of one instance.
pub struct OutboundHooks {
    outbound: Outbound,
    calls: Arc<Semaphore>,
    /// The span of the request that is served, so that what is logged here names it.
    span: Span,
}

impl OutboundHooks {
    /// For one instance, which serves the request of `span`.
    pub fn new(outbound: Outbound, span: Span) -> Self {
        Self {
            outbound,
            calls: Arc::new(Semaphore::new(CALLS_PER_INSTANCE)),
            span,
        }
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
        let sent = send(
            self.outbound.clone(),
            self.calls.clone(),
            request,
            TimeOuts::of(options.unwrap_or_default()),
        );
        Box::new(sent.instrument(self.span.clone()))
    }
}

struct TimeOuts {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl TimeOuts {
    fn of(options: RequestOptions) -> Self {
        Self {
            connect: options
                .connect_timeout
                .unwrap_or(DEFAULT_CONNECT)
                .min(LONGEST_CONNECT),
            first_byte: options
                .first_byte_timeout
                .unwrap_or(DEFAULT_WAIT)
                .min(LONGEST_WAIT),
            between_bytes: options
                .between_bytes_timeout
                .unwrap_or(DEFAULT_WAIT)
                .min(LONGEST_WAIT),
        }
    }
}

async fn send(
    outbound: Outbound,
    calls: Arc<Semaphore>,
    mut request: Request<WasiBody>,
    time_outs: TimeOuts,
) -> Result<Sent> {
    let destination = outbound
        .policy
        .check_url(request.uri())
        .map_err(|refusal| {
            warn!("refused a call of the component: {refusal}");
            Error::HttpRequestDenied
        })?;
    let mut seen = OutboundCall::begin(request.method(), request.uri());
    seen.hand_on(request.headers_mut());
    let Ok(Ok(call)) = timeout(time_outs.connect, calls.acquire_owned()).await else {
        warn!(
            "refused a call of the component to {destination}: it has {CALLS_PER_INSTANCE} calls \
             open already"
        );
        return Err(Error::ConnectionLimitReached);
    };

    let mut connection = capture_connection(&mut request);
    let mut response = std::pin::pin!(outbound.client.request(request));
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
    let response = response.map_err(|error| {
        seen.failed("no answer");
        match failure::refusal(&error) {
            Some(refusal) => warn!("refused a call of the component: {refusal}"),
            None => warn!(
                "a call of the component to {destination} failed: {}",
                failure::describe(&error)
            ),
        }
        failure::of_request(&error)
    })?;
    seen.answered(response.status().as_u16());
    let held = (call, seen);
    let response = response
        .map(|incoming| ResponseBody::new(incoming, time_outs.between_bytes, held).boxed_unsync());
    Ok((response, Box::new(std::future::ready(Ok(())))))
}
