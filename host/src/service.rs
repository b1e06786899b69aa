//! One request, from its head to the end of its response.
//!
//! Admission first, since it has to be cheap: the host's own paths, the request's form, its size,
//! room for an instance. Then the caller, then the component ([`exchange`]). Everything that the
//! host answers by itself is said in one place ([`answer`]).

mod access_log;
mod answer;
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
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{Instrument, debug};

use crate::agent::Agent;
use crate::config::Limits;
use crate::dispatch::Callback;
use crate::identity::Caller;
use crate::tasks::TaskDatabase;
use crate::telemetry::{TraceContext, probe_span, request_span};
use crate::work::Work;

use access_log::AccessLog;
use answer::Answer;
use health::Health;
use key_set::KeySet;
use request_body::RequestBody;
use request_id::RequestIds;

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    agent: Arc<Agent>,
    limits: Limits,
    /// One permit per instance.
    instances: Arc<Semaphore>,
    work: Work,
    /// Where the queue calls, if there is one.
    callback: Option<Callback>,
    health: Health,
    key_set: KeySet,
    ids: RequestIds,
}

impl Service {
    /// Serves `agent`, with its instances under `work`, a queue that calls `callback`, and the key set
    /// if there is one.
    pub fn new(
        agent: Arc<Agent>,
        limits: Limits,
        work: Work,
        database: TaskDatabase,
        callback: Option<Callback>,
        key_set: Option<Bytes>,
    ) -> Self {
        Self(Arc::new(Inner {
            agent,
            limits,
            instances: Arc::new(Semaphore::new(limits.max_instances as usize)),
            work,
            callback,
            health: Health::new(database),
            key_set: KeySet::new(key_set),
            ids: RequestIds::default(),
        }))
    }

    /// From now on the process is not ready for more.
    pub fn begin_draining(&self) {
        self.0.health.begin_draining();
    }

    /// Answers one request, which came from `remote`. Dropping the future does not end the
    /// component's work.
    pub async fn answer(&self, request: Request<Incoming>, remote: IpAddr) -> Response<ReplyBody> {
        let id = self.0.ids.next();
        let health = Health::is_health(request.uri().path());
        let span = if health {
            probe_span(&id)
        } else {
            request_span(&id, TraceContext::of(request.headers()).as_ref())
        };
        let log = AccessLog::begin(&request, remote, span.clone());
        async {
            let grpc = is_grpc(request.headers());
            let mut response = match self.respond(request).await {
                Ok(response) => response,
                Err(answer) => answer.into_response(grpc),
            };
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().entry("x-request-id").or_insert(id);
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
                .answer(request.method(), request.uri().path())
                .await;
        }
        if let Some(answered) = self
            .0
            .key_set
            .answer(request.method(), request.uri().path())
        {
            return answered;
        }
        if self.0.health.is_draining() {
            return Err(Answer::NotReady("the process is about to end; try again"));
        }
        check_form(&request)?;
        let callback = self.0.callback.as_ref();
        if let Some(callback) = callback.filter(|called| called.is_for(&request)) {
            return called::answer(callback.clone(), &self.0.work, self.permit()?, request).await;
        }
        let (head, body) = request.into_parts();
        let most = self.0.limits.max_body;
        let declared = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: u64| length > most) {
            // A client that is still sending does not read an answer, so take what it sends; one
            // that asked first has sent nothing.
            if !head.headers.contains_key(EXPECT) {
                request_body::discard(body);
            }
            return Err(Answer::TooLarge { most });
        }
        let permit = self.permit()?;
        let caller = Caller::of_request(&head);
        let (body, exceeded) = RequestBody::new(body, most);
        let request = Request::from_parts(head, body);
        let exchange = exchange::begin(self.0.agent.clone(), &self.0.work, permit, caller, request);
        tokio::select! {
            // Looked at first: it comes before whatever the component answers to a broken body.
            biased;
            () = exceeded.wait() => Err(Answer::TooLarge { most }),
            response = exchange => response,
        }
    }

    /// Room for an instance.
    fn permit(&self) -> Result<OwnedSemaphorePermit, Answer> {
        let permit = self.0.instances.clone().try_acquire_owned();
        permit.map_err(|_| {
            debug!("all {} instances are busy", self.0.limits.max_instances);
            Answer::Busy {
                most: self.0.limits.max_instances,
            }
        })
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
