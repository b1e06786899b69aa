use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::{Instrument, error, warn};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::answer::Answer;
use super::outcome::Outcome;
use super::reply::ReplyBody;
use super::request_body::RequestBody;
use crate::agent::Agent;
use crate::identity::Caller;
use crate::telemetry::{guest_span, hand_on, trapped};
use crate::work::Work;

type Head = Result<Response<HyperOutgoingBody>, ErrorCode>;

/// Hands a request to a fresh instance and waits for the head of its response.
///
/// The instance runs as work of its own, begun before this returns a future: a client that leaves
/// ends the future and not the instance, which goes on with its task and keeps its permit until it
/// returns.
pub(super) async fn begin(
    agent: Arc<Agent>,
    work: &Work,
    permit: OwnedSemaphorePermit,
    caller: Caller,
    mut request: Request<RequestBody>,
) -> Result<Response<ReplyBody>, Answer> {
    let span = guest_span();
    hand_on(&span, request.headers_mut());
    let (sender, head) = oneshot::channel();
    let outcome = Outcome::default();
    let noted = outcome.clone();
    let instance = async move {
        let served = serve(&agent, caller, request, sender, &noted).await;
        drop(permit);
        served
    };
    let instance = work.spawn(instance.instrument(span));
    match head.await {
        Ok(Ok(response)) => Ok(response.map(|body| ReplyBody::of_component(body, outcome))),
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
            Ok(None) => Answer::NotReady("the process is about to end"),
            Err(_) => Answer::Failed("the host failed while it served this request"),
        }),
    }
}

enum Served {
    Returned,
    Trapped,
}

async fn serve(
    agent: &Agent,
    caller: Caller,
    request: Request<RequestBody>,
    head: oneshot::Sender<Head>,
    outcome: &Outcome,
) -> Served {
    let (mut store, meter) = agent.store(caller);
    // Dropped before the store, which ends the response's body.
    let note = outcome.note();
    let run = Box::pin(async {
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let response = http.new_response_outparam(head)?;
        let instance = agent.handler().instantiate_async(&mut store).await?;
        instance
            .wasi_http_incoming_handler()
            .call_handle(&mut store, request, response)
            .await
    });
    match meter.measure(run).await {
        Ok(()) => {
            note.returned();
            Served::Returned
        }
        Err(trap) if matches!(trap.downcast_ref(), Some(I32Exit(0))) => {
            note.returned();
            Served::Returned
        }
        Err(trap) => {
            trapped("", &trap);
            Served::Trapped
        }
    }
}
