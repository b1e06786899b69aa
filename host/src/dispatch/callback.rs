//! The request that the queue sends: takes a dispatched task up and works on it to its end.
//!
//! The token in the body is all that counts. The queue's own headers can be sent by anyone, so they
//! are only for the log; so is the identity that it calls as, which Cloud Run checks where the service
//! is not public.

use std::sync::Arc;

use attache_task_store::{ClaimDispatched, Database, DispatchClaim, SettleDispatched};
use http::{HeaderMap, Method, Request};
use serde::Deserialize;
use tracing::{Instrument, Span, debug, error, info, warn};

use super::token::Token;
use crate::config::PublicUrl;
use crate::paths::Base;
use crate::tasks::{Claim, Keeper, Resume, now};
use crate::telemetry::{dispatch_span, metrics, set_task};

/// Where the queue calls, below the public URL.
pub(super) const PATH: &str = "/internal/tasks/run";

/// Answers the queue.
#[derive(Clone)]
pub struct Callback {
    keeper: Keeper,
    resume: Arc<dyn Resume>,
    base: Base,
}

/// What a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// The work is done.
    Done,
    /// There is none, or none any more.
    NothingToDo,
    /// Somebody else is at it. The queue calls again, in case they lose it.
    Running,
    /// The task log does not answer. The queue calls again.
    Unavailable,
    /// The task still has to be worked on. The queue calls again.
    Unfinished,
}

#[derive(Deserialize)]
struct Body {
    token: String,
}

impl Callback {
    /// Takes tasks of `keeper` up by `resume`.
    pub fn new(keeper: Keeper, resume: Arc<dyn Resume>, public_url: &PublicUrl) -> Self {
        Self {
            keeper,
            resume,
            base: Base::of(Some(public_url.as_str())),
        }
    }

    /// Whether a request is a call of the queue. The agent knows the path too, as that of a task of the
    /// tenant `internal`, but for no POST.
    pub fn is_for<B>(&self, request: &Request<B>) -> bool {
        request.method() == Method::POST && self.base.strip(request.uri().path()) == PATH
    }

    /// Does what a call asks for. None for a body that is not the queue's.
    pub async fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Option<Call> {
        let span = dispatch_span("take up");
        let call = self.take_up(headers, body).instrument(span.clone()).await;
        metrics::dispatch(match call {
            Some(Call::Done) => "done",
            Some(Call::NothingToDo) => "nothing_to_do",
            Some(Call::Running) => "running",
            Some(Call::Unavailable) => "unavailable",
            Some(Call::Unfinished) => "unfinished",
            None => "malformed",
        });
        if let Some(Call::Unavailable | Call::Unfinished) = call {
            span.record("error", "the queue has to call again");
        }
        call
    }

    async fn take_up(&self, headers: &HeaderMap, body: &[u8]) -> Option<Call> {
        let Body { token } = serde_json::from_slice(body).ok()?;
        let header = |name| headers.get(name).and_then(|v| v.to_str().ok());
        let name = header("x-cloudtasks-taskname").unwrap_or("?");
        let retries = header("x-cloudtasks-taskretrycount").unwrap_or("?");
        debug!(
            queue = header("x-cloudtasks-queuename").unwrap_or("?"),
            "call {name} of the queue, after {retries} retries"
        );
        let Some(token) = Token::parse(&token) else {
            info!("call {name} has no token of this service");
            return Some(Call::NothingToDo);
        };
        let claim = ClaimDispatched {
            token: token.as_str().to_owned(),
            now: now(),
            lease_ms: self.keeper.lease_ms(),
        };
        let claim = match self.keeper.database().perform(claim).await {
            Ok(DispatchClaim::Claimed { lease, canceled }) => Claim {
                lease,
                canceled,
                called: true,
            },
            Ok(DispatchClaim::Running) => {
                info!("call {name} is for a task that has a run; the queue has to call again");
                return Some(Call::Running);
            }
            Ok(DispatchClaim::Ended | DispatchClaim::Unknown) => {
                debug!("call {name} finds nothing to do");
                return Some(Call::NothingToDo);
            }
            Err(error) => {
                error!("call {name} cannot be answered now: {error}");
                return Some(Call::Unavailable);
            }
        };
        let task_id = claim.lease.task_id.clone();
        set_task(&Span::current(), &task_id);
        info!("task {task_id:?} is taken up for call {name}, after {retries} retries");
        claim.take_up(&self.keeper, &*self.resume).await;
        Some(self.settle(&token, &task_id).await)
    }

    async fn settle(&self, token: &Token, task_id: &str) -> Call {
        let settle = SettleDispatched {
            token: token.as_str().to_owned(),
        };
        match self.keeper.database().perform(settle).await {
            Ok(true) => Call::Done,
            Ok(false) => {
                warn!("task {task_id:?} is not finished; the queue has to call again");
                Call::Unfinished
            }
            Err(error) => {
                error!("what became of task {task_id:?} cannot be read now: {error}");
                Call::Unavailable
            }
        }
    }
}
