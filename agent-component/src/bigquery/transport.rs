//! What carries requests.

use std::future::Future;
use std::time::Duration;

use attache_sdk::outbound::{Limits, Request as Outgoing, SendError};
use http::{Request, Response};

/// The longest answer that is read: a page of rows is at most 10 MB, and a listing less.
const MAX_ANSWER: usize = 24 << 20;

/// Why a request brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It was not let out: the host is not allowed, or the caller's token is to be added and there is
    /// none.
    #[error("the request was not let out")]
    Denied,
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

/// Carries requests, and waits.
pub trait Transport {
    /// Sends a request and reads the whole answer, an error status included.
    fn send(
        &self,
        request: Request<Vec<u8>>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>>;

    /// Lets time pass.
    fn pause(&self, time: Duration) -> impl Future<Output = ()>;

    /// Sends a request whose answer nobody waits for. Called while a query is given up, so it must not
    /// take long; what cannot be sent is not.
    fn send_off(&self, request: Request<Vec<u8>>);
}

/// Over the network, under the outbound policy of whoever runs the component.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outbound;

impl Transport for Outbound {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let (head, body) = request.into_parts();
        let mut outgoing = Outgoing::new(head.method, &head.uri.to_string())
            .map_err(refused)?
            .limits(Limits {
                // `timeoutMs` of a query is 10 s; the rest is for the way.
                first_byte: Duration::from_secs(45),
                total: Duration::from_secs(120),
                ..Limits::default()
            });
        for (name, value) in &head.headers {
            let value = value.to_str().unwrap_or_default();
            outgoing = outgoing.header(name.as_str(), value).map_err(refused)?;
        }
        let mut answer = outgoing.body(body).send().await.map_err(refused)?;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = answer.bytes(MAX_ANSWER).await.map_err(refused)?;
        Ok(response)
    }

    async fn pause(&self, time: Duration) {
        wstd::task::sleep(time.into()).await;
    }

    fn send_off(&self, request: Request<Vec<u8>>) {
        farewell::send(request);
    }
}

fn refused(error: SendError) -> TransportError {
    match error {
        SendError::Denied { .. } => TransportError::Denied,
        other => TransportError::Failed(other.to_string()),
    }
}

/// A future that is dropped cannot wait for anything, so this blocks, shortly.
mod farewell {
    use attache_sdk::wasip2::clocks::monotonic_clock;
    use attache_sdk::wasip2::http::outgoing_handler;
    use attache_sdk::wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};
    use attache_sdk::wasip2::io::poll;
    use http::Request;

    /// In nanoseconds: long enough for a request to leave, short enough for a host that is shutting
    /// down.
    const PATIENCE: u64 = 2_000_000_000;

    pub(super) fn send(request: Request<Vec<u8>>) {
        let uri = request.uri();
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            _ => Scheme::Https,
        };
        let outgoing = OutgoingRequest::new(Fields::new());
        let ready = outgoing
            .set_method(&Method::Post)
            .and_then(|()| outgoing.set_scheme(Some(&scheme)))
            .and_then(|()| outgoing.set_authority(uri.authority().map(|a| a.as_str())))
            .and_then(|()| outgoing.set_path_with_query(uri.path_and_query().map(|p| p.as_str())));
        if ready.is_err() {
            return;
        }
        let Ok(answer) = outgoing_handler::handle(outgoing, None) else {
            return;
        };
        let (answered, late) = (
            answer.subscribe(),
            monotonic_clock::subscribe_duration(PATIENCE),
        );
        poll::poll(&[&answered, &late]);
    }
}
