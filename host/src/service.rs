//! One request, from its head to the end of its response.
//!
//! What is cheap comes first: the host's own paths, how often the address asks ([`rates`]), the
//! request's form and size. Then who the caller is, how often it asks, room for an instance
//! ([`admission`]), and the component ([`exchange`]). Everything that the host answers by itself is
//! said in one place ([`answer`]).

mod access_log;
mod admission;
mod answer;
mod called;
mod client;
mod exchange;
mod health;
mod key_set;
mod outcome;
mod proxies;
mod rates;
mod reply;
mod request_body;
mod request_id;

pub use admission::{Admission, Admitted, NotAdmitted};
pub use client::Client;
pub use proxies::TrustedProxies;
pub use rates::Rate;
pub use reply::{Broken, ReplyBody};

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming;
use tracing::Instrument;

use crate::agent::Agent;
use crate::config::{CallerLimits, HeadLimits, Limits};
use crate::dispatch::Callback;
use crate::identity::Caller;
use crate::server::Exchange;
use crate::tasks::TaskDatabase;
use crate::telemetry::{Limit, TraceContext, request_span};
use crate::work::Work;

use access_log::AccessLog;
use answer::Answer;
use health::Health;
use key_set::KeySet;
use rates::{Quotas, Rates};
use request_body::{Refused, RequestBody};
use request_id::RequestIds;

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    agent: Arc<Agent>,
    limits: Limits,
    callers: CallerLimits,
    rates: Rates,
    admission: Admission,
    work: Work,
    /// Where the queue calls, if there is one.
    callback: Option<Callback>,
    health: Health,
    key_set: KeySet,
    ids: RequestIds,
}

impl Service {
    /// Serves `agent` to `callers`, with its instances under `work`, a queue that calls `callback`,
    /// and the key set if there is one.
    pub fn new(
        agent: Arc<Agent>,
        limits: Limits,
        work: Work,
        database: TaskDatabase,
        callback: Option<Callback>,
        key_set: Option<Bytes>,
        callers: CallerLimits,
    ) -> Self {
        Self(Arc::new(Inner {
            agent,
            limits,
            rates: Rates::new(callers.rates),
            admission: Admission::new(limits.max_instances, callers.queue),
            callers,
            work,
            callback,
            health: Health::new(database),
            key_set: KeySet::new(key_set),
            ids: RequestIds::default(),
        }))
    }

    /// From now on the process is not ready for more. Who waits for an instance is told so.
    pub fn begin_draining(&self) {
        self.0.health.begin_draining();
        self.0.admission.close();
    }

    /// How many requests wait for an instance.
    pub fn queued(&self) -> u32 {
        self.0.admission.queued()
    }

    /// How many instances are in use.
    pub fn instances_in_use(&self) -> u32 {
        self.0.admission.in_use()
    }

    /// Answers one request, which came from `remote` and ends `exchange`. Dropping the future does
    /// not end the component's work.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        remote: IpAddr,
        exchange: Exchange,
    ) -> Response<ReplyBody> {
        let id = self.0.ids.next();
        let span = request_span(&id, TraceContext::of(request.headers()).as_ref());
        let client = self.0.callers.proxies.client(remote, request.headers());
        let log = AccessLog::begin(&request, client, span.clone());
        async {
            let health = Health::is_health(request.uri().path());
            let grpc = is_grpc(request.headers());
            let version = request.version();
            let mut quotas = Quotas::default();
            let mut response = match self.respond(request, client, &mut quotas).await {
                Ok(response) => response,
                Err(answer) => answer.into_response(grpc),
            };
            quotas.write(response.headers_mut());
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().entry("x-request-id").or_insert(id);
            }
            // Probes come every few seconds and say nothing when they succeed.
            let log = if health { log.at_debug() } else { log };
            let stall = self.0.callers.connections.stall;
            log.follow(response).map(|body| match version {
                Version::HTTP_2 => body.taken_within(stall, exchange),
                // There the socket tells.
                _ => body.of(exchange),
            })
        }
        .instrument(span)
        .await
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        client: IpAddr,
        quotas: &mut Quotas,
    ) -> Result<Response<ReplyBody>, Answer> {
        let (method, path) = (request.method(), request.uri().path());
        if Health::is_health(path) {
            return self.0.health.answer(method, path).await;
        }
        let counted = self.0.rates.count_address(client, path, quotas);
        counted.map_err(Answer::TooOften)?;
        if let Some(answered) = self.0.key_set.answer(method, path) {
            return answered;
        }
        if self.0.health.is_draining() {
            return Err(Answer::NotReady("the process is about to end; try again"));
        }
        check_head(&request, self.0.callers.heads)?;
        check_form(&request)?;
        let callback = self.0.callback.as_ref();
        if let Some(callback) = callback.filter(|called| called.is_for(&request)) {
            let call = called::read(request, self.0.callers.bodies).await?;
            let permit = self.admit(None).await?;
            return called::answer(callback.clone(), &self.0.work, permit, call).await;
        }
        let (head, body) = request.into_parts();
        let most = self.0.limits.max_body;
        let declared = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: u64| length > most) {
            Limit::BodySize.hit();
            // A client that is still sending does not read an answer, so take what it sends; one
            // that asked first has sent nothing.
            if !head.headers.contains_key(EXPECT) {
                request_body::discard(body);
            }
            return Err(Answer::Body(Refused::TooLarge { most }));
        }
        let caller = Caller::of_request(&head);
        let counted = self.0.rates.count_caller(caller.owner(), quotas);
        counted.map_err(Answer::TooOften)?;
        let (mut body, mut refusal) = RequestBody::new(body, most, self.0.callers.bodies);
        body.read_ahead().await;
        refusal.so_far().map_err(Answer::Body)?;
        let permit = self.admit(Some(Client::of(caller.owner(), client))).await?;
        let request = Request::from_parts(head, body);
        let exchange = exchange::begin(self.0.agent.clone(), &self.0.work, permit, caller, request);
        tokio::select! {
            // Looked at first: it comes before whatever the component answers to a broken body.
            biased;
            refused = refusal.wait() => Err(Answer::Body(refused)),
            response = exchange => response,
        }
    }

    async fn admit(&self, client: Option<Client>) -> Result<Admitted, Answer> {
        let admitted = self.0.admission.admit(client).await;
        admitted.map_err(Answer::NotAdmitted)
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// HTTP/1.1 and HTTP/2 are read with room to spare, so that the answer can say what was too much.
fn check_head(request: &Request<Incoming>, limits: HeadLimits) -> Result<(), Answer> {
    let uri = request.uri();
    let longest = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if longest > limits.uri {
        Limit::HeaderSize.hit();
        return Err(Answer::UriTooLong { most: limits.uri });
    }
    let headers = request.headers();
    let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    let bytes: usize = headers.iter().map(size).sum();
    let (most, fields) = (limits.bytes, limits.fields);
    let message = if headers.len() > fields {
        format!("the request has more than {fields} header fields")
    } else if bytes > usize::try_from(most).unwrap_or(usize::MAX) {
        format!("the header fields of the request are larger than {most} bytes")
    } else {
        return Ok(());
    };
    Limit::HeaderSize.hit();
    Err(Answer::HeadTooLarge(message))
}

/// The component is promised a request with an authority that it can read.
fn check_form(request: &Request<Incoming>) -> Result<(), Answer> {
    if request.method() == Method::CONNECT {
        return Err(Answer::Malformed("CONNECT is not served here"));
    }
    let authority = match (request.uri().authority(), request.headers().get(HOST)) {
        (Some(authority), _) => Some(authority.as_str()),
        (None, Some(host)) => host.to_str().ok(),
        (None, None) => None,
    };
    match authority {
        Some(authority) if !authority.is_empty() => Ok(()),
        _ => Err(Answer::Malformed("the request names no host it is for")),
    }
}
