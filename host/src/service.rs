//! One request, from its head to the end of its response.
//!
//! What is cheap comes first: the host's own paths, how often the address asks ([`rates`]), the
//! request's form. Then who the caller is, how often it asks, which agent it wants, the size of what it
//! sends, room for an instance, and the component ([`exchange`]). Everything that the host answers by
//! itself is said in one place ([`answer`]).

mod access_log;
mod answer;
mod audience;
mod bounds;
mod called;
mod exchange;
mod health;
mod inspector;
mod key_set;
mod outcome;
mod proxies;
mod rates;
mod reply;
mod request_body;
mod request_id;

pub use proxies::TrustedProxies;
pub use rates::Rate;
pub use reply::{Broken, ReplyBody};

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming;
use tracing::{Instrument, Span};

use crate::admission::{Admitted, Client};
use crate::agent::{Roster, Slot};
use crate::component::ComponentDigest;
use crate::config::{CallerLimits, HeadLimits, InspectorAccess};
use crate::dispatch::Callback;
use crate::identity::Authenticator;
use crate::life::{Life, Stage};
use crate::paths;
use crate::server::Exchange;
use crate::tasks::TaskDatabase;
use crate::telemetry::{Limit, TraceContext, probe_span, request_span};
use crate::work::Work;

use access_log::AccessLog;
use answer::Answer;
use health::Health;
use inspector::Inspector;
use key_set::KeySet;
use rates::{Quotas, Rates};
use request_body::{Refused, RequestBody};
use request_id::RequestIds;

/// Says which component a card comes from.
const COMPONENT_DIGEST: &str = "attache-component-digest";

/// What the host itself serves, beside answers to probes.
#[derive(Debug, Default)]
pub struct OwnPages {
    /// The keys that notifications are signed with, if they are.
    pub key_set: Option<Bytes>,
    /// For whom the inspector is; none is nobody.
    pub inspector: Option<InspectorAccess>,
}

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    roster: Arc<Roster>,
    authenticator: Authenticator,
    callers: CallerLimits,
    rates: Rates,
    work: Work,
    life: Life,
    /// Where the queue calls, if there is one.
    callback: Option<Callback>,
    health: Health,
    key_set: KeySet,
    inspector: Inspector,
    ids: RequestIds,
}

impl Service {
    /// Serves the agents of `roster` to whom `authenticator` admits, with their instances under `work`,
    /// a queue that calls `callback`, and the host's own pages.
    pub fn new(
        roster: Arc<Roster>,
        authenticator: Authenticator,
        work: Work,
        database: TaskDatabase,
        callback: Option<Callback>,
        own: OwnPages,
        callers: CallerLimits,
    ) -> Self {
        Self(Arc::new(Inner {
            roster,
            authenticator,
            rates: Rates::new(callers.rates),
            callers,
            work,
            callback,
            health: Health::new(database),
            life: Life::default(),
            key_set: KeySet::new(own.key_set),
            inspector: Inspector::new(own.inspector),
            ids: RequestIds::default(),
        }))
    }

    /// How far the process has come: once it drains, it is not ready for more.
    pub fn life(&self) -> &Life {
        &self.0.life
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
        let health = Health::is_health(request.uri().path());
        let span = if health {
            probe_span(&id)
        } else {
            request_span(&id, TraceContext::of(request.headers()).as_ref())
        };
        let client = self.0.callers.proxies.client(remote, request.headers());
        let log = AccessLog::begin(&request, client, span.clone());
        async {
            let grpc = is_grpc(request.headers());
            let version = request.version();
            let mut quotas = Quotas::default();
            let mut response = match self.respond(request, client, &mut quotas).await {
                Ok(response) => response,
                Err(answer) => answer.into_response(grpc),
            };
            quotas.write(response.headers_mut());
            // Over HTTP/2 the connection itself says so, in GOAWAY.
            if version < Version::HTTP_2 && self.0.life.is_at(Stage::Draining) {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
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
            return self.0.health.answer(&self.0.life, method, path).await;
        }
        let counted = self.0.rates.count_address(client, path, quotas);
        counted.map_err(Answer::TooOften)?;
        if let Some(answered) = self.0.key_set.answer(method, path) {
            return answered;
        }
        let inspector = &self.0.inspector;
        if let Some(answered) = inspector.answer(method, request.uri(), request.headers(), client) {
            return answered;
        }
        if self.0.life.is_at(Stage::Draining) {
            if !request.headers().contains_key(EXPECT) {
                request_body::discard(request.into_body());
            }
            return Err(Answer::NotReady("the process is about to end; try again"));
        }
        check_head(&request, self.0.callers.heads)?;
        check_form(&request)?;
        let callback = self.0.callback.as_ref();
        if let Some(callback) = callback.filter(|called| called.is_for(&request)) {
            let call = called::read(request, self.0.callers.bodies).await?;
            let admitted = self.admit_call().await?;
            return called::answer(callback.clone(), &self.0.work, admitted, call).await;
        }
        let (mut head, body) = request.into_parts();
        let caller = match self.0.authenticator.admit(&mut head).await {
            Ok(caller) => caller,
            Err(denied) => {
                refuse(&head, body);
                return Err(Answer::Denied(denied));
            }
        };
        if let Some(answered) = inspector.agents(&head, &self.0.roster) {
            refuse(&head, body);
            return answered;
        }
        let Some(slot) = self.0.roster.route(&mut head) else {
            refuse(&head, body);
            return Err(Answer::NoSuchAgent);
        };
        slot.name_in(&Span::current());
        let counted = self.0.rates.count_caller(caller.owner(), quotas);
        if let Err(too_often) = counted {
            refuse(&head, body);
            return Err(Answer::TooOften(too_often));
        }
        let most = slot.terms().max_body;
        let declared = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: u64| length > most) {
            Limit::BodySize.hit();
            refuse(&head, body);
            return Err(Answer::Body(Refused::TooLarge { most }));
        }
        let (mut body, mut refusal) = RequestBody::new(body, most, self.0.callers.bodies);
        body.read_ahead().await;
        refusal.so_far().map_err(Answer::Body)?;
        let admitted = admit(slot, Some(Client::of(caller.owner(), client))).await?;
        let agent = slot.current();
        let digest = paths::is_card(head.uri.path()).then(|| agent.digest());
        let request = Request::from_parts(head, body);
        let exchange = exchange::begin(agent, &self.0.work, admitted, caller, request);
        tokio::select! {
            // Looked at first: it comes before whatever the component answers to a broken body.
            biased;
            refused = refusal.wait() => Err(Answer::Body(refused)),
            response = exchange => response.map(|response| show(response, digest)),
        }
    }

    /// Room for work that the queue calls for. Whose it is, its token tells only when the work is claimed,
    /// so it takes the place of an instance where there is most room.
    async fn admit_call(&self) -> Result<Admitted, Answer> {
        let slots = self.0.roster.slots().iter();
        match slots.max_by_key(|slot| slot.admission().free()) {
            Some(slot) => admit(slot, None).await,
            None => Err(Answer::NoSuchAgent),
        }
    }
}

async fn admit(slot: &Slot, client: Option<Client>) -> Result<Admitted, Answer> {
    let admitted = slot.admission().admit(client).await;
    admitted.map_err(Answer::NotAdmitted)
}

/// Which component a card comes from: what was deployed can be compared with what serves.
fn show(mut response: Response<ReplyBody>, digest: Option<ComponentDigest>) -> Response<ReplyBody> {
    let digest = digest.and_then(|digest| HeaderValue::try_from(digest.to_string()).ok());
    if let Some(digest) = digest {
        response.headers_mut().insert(COMPONENT_DIGEST, digest);
    }
    response
}

/// A client that is still sending does not read an answer, so take what it sends; one that asked first
/// has sent nothing.
fn refuse(head: &Parts, body: Incoming) {
    if !head.headers.contains_key(EXPECT) {
        request_body::discard(body);
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
