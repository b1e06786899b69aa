//! One request, from its head to the end of its response.
//!
//! Admission first, since it has to be cheap: the host's own paths, the request's form, its caller, its
//! size, room for an instance. Then the component ([`exchange`]). Everything that the
//! host answers by itself is said in one place ([`answer`]).

mod access_log;
mod answer;
mod audience;
mod bounds;
mod called;
mod exchange;
mod health;
mod key_set;
mod outcome;
mod reply;
mod request_body;
mod request_id;

pub use reply::{Broken, ReplyBody};

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, debug};

use crate::agent::{Roster, Slot};
use crate::component::ComponentDigest;
use crate::dispatch::Callback;
use crate::identity::Authenticator;
use crate::life::{Life, Stage};
use crate::tasks::TaskDatabase;
use crate::telemetry::{Limit, TraceContext, request_span};
use crate::work::Work;

use access_log::AccessLog;
use answer::Answer;
use health::Health;
use key_set::KeySet;
use request_body::RequestBody;
use request_id::RequestIds;

/// Where clients look for the agent card.
const CARD_PATHS: [&str; 2] = ["/.well-known/agent-card.json", "/.well-known/agent.json"];
const COMPONENT_DIGEST: &str = "attache-component-digest";

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    roster: Arc<Roster>,
    authenticator: Authenticator,
    work: Work,
    life: Life,
    /// Where the queue calls, if there is one.
    callback: Option<Callback>,
    health: Health,
    key_set: KeySet,
    ids: RequestIds,
}

impl Service {
    /// Serves the agents of `roster` to whom `authenticator` admits, with their instances under `work`,
    /// a queue that calls `callback`, and the key set if there is one.
    pub fn new(
        roster: Arc<Roster>,
        authenticator: Authenticator,
        work: Work,
        database: TaskDatabase,
        callback: Option<Callback>,
        key_set: Option<Bytes>,
    ) -> Self {
        Self(Arc::new(Inner {
            roster,
            authenticator,
            work,
            callback,
            health: Health::new(database),
            life: Life::default(),
            key_set: KeySet::new(key_set),
            ids: RequestIds::default(),
        }))
    }

    /// How far the process has come: once it drains, it is not ready for more.
    pub fn life(&self) -> &Life {
        &self.0.life
    }

    /// Answers one request, which came from `remote`. Dropping the future does not end the
    /// component's work.
    pub async fn answer(&self, request: Request<Incoming>, remote: IpAddr) -> Response<ReplyBody> {
        let id = self.0.ids.next();
        let span = request_span(&id, TraceContext::of(request.headers()).as_ref());
        let log = AccessLog::begin(&request, remote, span.clone());
        async {
            let health = Health::is_health(request.uri().path());
            let grpc = is_grpc(request.headers());
            let version = request.version();
            let mut response = match self.respond(request).await {
                Ok(response) => response,
                Err(answer) => answer.into_response(grpc),
            };
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().entry("x-request-id").or_insert(id);
            }
            // Over HTTP/2 the connection itself says so, in GOAWAY.
            if version < Version::HTTP_2 && self.0.life.is_at(Stage::Draining) {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            // Probes come every few seconds and say nothing when they succeed.
            let log = if health { log.at_debug() } else { log };
            log.follow(response)
        }
        .instrument(span)
        .await
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<ReplyBody>, Answer> {
        if Health::is_health(request.uri().path()) {
            return self
                .0
                .health
                .answer(&self.0.life, request.method(), request.uri().path())
                .await;
        }
        if let Some(answered) = self
            .0
            .key_set
            .answer(request.method(), request.uri().path())
        {
            return answered;
        }
        if self.0.life.is_at(Stage::Draining) {
            if !request.headers().contains_key(EXPECT) {
                request_body::discard(request.into_body());
            }
            return Err(Answer::NotReady("the process is about to end; try again"));
        }
        check_form(&request)?;
        let callback = self.0.callback.as_ref();
        if let Some(callback) = callback.filter(|called| called.is_for(&request)) {
            let permit = self.called_permit()?;
            return called::answer(callback.clone(), &self.0.work, permit, request).await;
        }
        let (mut head, body) = request.into_parts();
        let caller = match self.0.authenticator.admit(&mut head).await {
            Ok(caller) => caller,
            Err(denied) => {
                refuse(&head, body);
                return Err(Answer::Denied(denied));
            }
        };
        let Some(slot) = self.0.roster.route(&mut head) else {
            refuse(&head, body);
            return Err(Answer::NoSuchAgent);
        };
        let most = slot.terms().max_body;
        let declared = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: u64| length > most) {
            refuse(&head, body);
            return Err(Answer::TooLarge { most });
        }
        let permit = permit(slot)?;
        let agent = slot.current();
        let digest = is_card(&head).then(|| agent.digest());
        let (body, exceeded) = RequestBody::new(body, most);
        let request = Request::from_parts(head, body);
        let exchange = exchange::begin(agent, &self.0.work, permit, caller, request);
        tokio::select! {
            // Looked at first: it comes before whatever the component answers to a broken body.
            biased;
            () = exceeded.wait() => Err(Answer::TooLarge { most }),
            response = exchange => response.map(|response| show(response, digest)),
        }
    }

    /// Room for work that the queue calls for. Whose it is, its token tells only when the work is claimed,
    /// so it takes the place of an instance where there is most room.
    fn called_permit(&self) -> Result<OwnedSemaphorePermit, Answer> {
        let slots = self.0.roster.slots().iter();
        match slots.max_by_key(|slot| slot.instances().available_permits()) {
            Some(slot) => permit(slot),
            None => Err(Answer::NoSuchAgent),
        }
    }
}

/// Room for an instance of an agent.
fn permit(slot: &Slot) -> Result<OwnedSemaphorePermit, Answer> {
    slot.instances().clone().try_acquire_owned().map_err(|_| {
        let most = slot.terms().limits.max_instances;
        debug!(agent = slot.label(), "all {most} instances are busy");
        Limit::Instances.hit();
        Answer::Busy { most }
    })
}

/// Whether a request is for the agent card.
fn is_card(head: &Parts) -> bool {
    CARD_PATHS.contains(&head.uri.path())
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
