use std::sync::Arc;

use http::{Request, Response};
use thiserror::Error;
use tokio::sync::oneshot;
use tracing::{Instrument, error, warn};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::answer::Answer;
use super::audience::{Attention, Audience};
use super::bounds::Bounds;
use super::outcome::Outcome;
use super::reply::ReplyBody;
use super::request_body::RequestBody;
use crate::admission::Admitted;
use crate::agent::Agent;
use crate::config::GuestLimits;
use crate::identity::Caller;
use crate::instance::Breach;
use crate::telemetry::{Limit, guest_span, hand_on};
use crate::work::Work;

type Head = Result<Response<HyperOutgoingBody>, ErrorCode>;

/// Hands a request to a fresh instance and waits for the head of its response.
///
/// The instance runs as work of its own, begun before this returns a future: a client that leaves
/// ends the future and not the instance, which goes on with its task and keeps its permit until it
/// returns, or has gone on for too long.
pub(super) async fn begin(
    agent: Arc<Agent>,
    work: &Work,
    permit: Admitted,
    caller: Caller,
    mut request: Request<RequestBody>,
) -> Result<Response<ReplyBody>, Answer> {
    let limits = *agent.limits();
    let span = guest_span();
    hand_on(&span, request.headers_mut());
    let (sender, head) = oneshot::channel();
    let (audience, attention) = Audience::new(&limits);
    let outcome = Outcome::default();
    let noted = outcome.clone();
    let habit = agent.habit().clone();
    let instance = async move {
        let served = serve(&agent, caller, request, sender, attention, &noted).await;
        drop(permit);
        served
    };
    let instance = work.spawn_as(&habit, instance.instrument(span));
    match head.await {
        Ok(Ok(response)) => {
            audience.has_head();
            pass_on(response, &limits, audience, outcome)
        }
        Ok(Err(code)) => {
            warn!("the component answered with an error instead of a response: {code:?}");
            Err(Answer::Failed("the agent could not answer this request"))
        }
        // The instance is gone, so its end is at hand.
        Err(_) => Err(match instance.await {
            Ok(Some(Served::Returned)) => {
                error!("the component returned without an answer");
                Answer::Failed("the agent returned without an answer")
            }
            Ok(Some(Served::Trapped)) => {
                Answer::Failed("the agent stopped while it worked on this request")
            }
            Ok(Some(Served::Stopped(breach))) => Answer::of_breach(breach),
            Ok(Some(Served::NoRoom)) => {
                Answer::NotReady("there is no room for another instance of the agent; try again")
            }
            Ok(Some(Served::SentAway) | None) => {
                Answer::NotReady("the process is about to end; try again")
            }
            Err(_) => Answer::Failed("the host failed while it served this request"),
        }),
    }
}

/// The response, unless its head alone shows that it must not be passed on.
fn pass_on(
    response: Response<HyperOutgoingBody>,
    limits: &GuestLimits,
    audience: Audience,
    outcome: Outcome,
) -> Result<Response<ReplyBody>, Answer> {
    match Bounds::of_response(response.headers(), limits) {
        Ok(bounds) => {
            Ok(response.map(|body| ReplyBody::of_component(body, outcome, bounds, audience)))
        }
        Err(breach) => {
            breach.hit();
            error!("{breach}");
            Err(Answer::of_breach(breach))
        }
    }
}

enum Served {
    Returned,
    Trapped,
    Stopped(Breach),
    /// No instance could be made.
    NoRoom,
    /// It only waited for what others do, and the process ends.
    SentAway,
}

/// The system did not give what an instance takes.
#[derive(Debug, Error)]
#[error("no instance of the component can be made now: {0:#}")]
struct NoInstance(wasmtime::Error);

impl NoInstance {
    /// What the component itself did wrong while it was made stays what it is.
    fn of(error: wasmtime::Error) -> wasmtime::Error {
        if error.is::<wasmtime::Trap>() {
            error
        } else {
            Self(error).into()
        }
    }
}

async fn serve(
    agent: &Agent,
    caller: Caller,
    request: Request<RequestBody>,
    head: oneshot::Sender<Head>,
    attention: Attention,
    outcome: &Outcome,
) -> Served {
    let (mut store, meter) = agent.store(caller);
    let onlooker = store.data().onlooker().clone();
    // Dropped before the store, which ends the response's body.
    let note = outcome.note();
    let run = Box::pin(async {
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let response = http.new_response_outparam(head)?;
        let instance = agent.handler().instantiate_async(&mut store).await;
        let instance = instance.map_err(NoInstance::of)?;
        instance
            .wasi_http_incoming_handler()
            .call_handle(&mut store, request, response)
            .await
    });
    let ran = tokio::select! {
        biased;
        ran = meter.measure(run) => ran,
        () = onlooker.is_sent_away() => return Served::SentAway,
        breach = attention.ends() => {
            breach.hit();
            error!("{breach}");
            return Served::Stopped(breach);
        }
    };
    match ran {
        Ok(()) => {
            note.returned();
            Served::Returned
        }
        Err(trap) if matches!(trap.downcast_ref(), Some(I32Exit(0))) => {
            note.returned();
            Served::Returned
        }
        Err(error) if error.is::<NoInstance>() => {
            error!("{error}");
            Limit::Instances.hit();
            Served::NoRoom
        }
        Err(trap) => {
            let breach = agent.trapped("", &trap);
            breach.map_or(Served::Trapped, Served::Stopped)
        }
    }
}
