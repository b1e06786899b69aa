use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Limited};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::oneshot;
use tracing::warn;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::Agent;
use crate::identity::Caller;
use crate::instance::Breach;

/// Where every A2A agent has its card. The host's name stands for the public one, which it cannot be.
const CARD: &str = "http://attache.invalid/.well-known/agent-card.json";
/// An agent that takes longer for its card has no card.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST: usize = 1 << 20;

/// What every version of the protocol requires of a card (sections 4.4.1 of 1.0 and 5.5 of 0.3), but for
/// the interfaces, which differ.
const TEXTS: [&str; 3] = ["name", "description", "version"];
const LISTS: [&str; 2] = ["defaultInputModes", "defaultOutputModes"];

/// What a component lacks, found before any caller finds it.
#[derive(Debug, Error)]
pub enum RehearsalError {
    /// It loads, and cannot be given what it needs.
    #[error("no instance of the component can be made: {0}")]
    Instance(String),
    /// It runs, and its agent card is wrong.
    #[error("{path}: {reason}")]
    Card {
        /// The component.
        path: String,
        /// What is wrong; names the field.
        reason: String,
    },
}

/// The error of HTTP+JSON, as far as its reader needs it.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorText,
}

#[derive(Deserialize)]
struct ErrorText {
    message: String,
}

impl Agent {
    /// Asks a first instance for its agent card, and drops it: what a machine or a limit does not
    /// allow, and what is wrong with the card, is found at the start and not by the first caller.
    ///
    /// What the card says is the component's own. That it is one counts here: what every client needs of
    /// a card is looked for, so that a component that was not built with the SDK is judged too. True when
    /// there is a card.
    ///
    /// # Errors
    /// What the engine says, what the component says of its card, or what the card lacks.
    pub async fn rehearse(&self) -> Result<bool, RehearsalError> {
        let (sender, head) = oneshot::channel();
        let (mut store, meter) = self.store(Caller::default());
        // The store goes with it: an answer that was not given by then is not given at all.
        let run = Box::pin(async move {
            let instance = self
                .program
                .handler
                .instantiate_async(&mut store)
                .await
                .map_err(|error| RehearsalError::Instance(self.why(&error)))?;
            let asked = async {
                let request = Request::get(CARD)
                    .header("host", "attache.invalid")
                    .body(Empty::<Bytes>::new())?;
                let mut http = store.data_mut().http();
                let request = http.new_incoming_request(Scheme::Http, request)?;
                let response = http.new_response_outparam(sender)?;
                instance
                    .wasi_http_incoming_handler()
                    .call_handle(&mut store, request, response)
                    .await
            };
            asked.await.map_err(|trap| {
                self.trapped("", &trap);
                self.no_card("it stopped while it made its agent card; its log says why")
            })
        });
        let answered = async {
            let rehearsed = tokio::join!(meter.measure(run), verdict(head));
            let (ran, verdict) = rehearsed;
            ran?;
            verdict.map_err(|reason| self.no_card(&reason))
        };
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(rehearsed) => rehearsed,
            Err(_) => Err(self.no_card(&format!("it gave no agent card within {PATIENCE:?}"))),
        }
    }

    /// Makes an instance, and drops it.
    ///
    /// # Errors
    /// What the engine says.
    pub(super) async fn try_instance(&self) -> Result<(), RehearsalError> {
        let (mut store, meter) = self.store(Caller::default());
        let made = Box::pin(self.program.handler.instantiate_async(&mut store));
        match tokio::time::timeout(PATIENCE, meter.measure(made)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(RehearsalError::Instance(self.why(&error))),
            Err(_) => Err(RehearsalError::Instance(format!(
                "it took longer than {PATIENCE:?}"
            ))),
        }
    }

    /// Why no instance can be made.
    fn why(&self, error: &wasmtime::Error) -> String {
        match Breach::of_trap(error, self.limits()) {
            Some(breach) => breach.to_string(),
            None => format!("{error:#}"),
        }
    }

    fn no_card(&self, reason: &str) -> RehearsalError {
        RehearsalError::Card {
            path: self.program.path.clone(),
            reason: reason.to_owned(),
        }
    }
}

type Head = Result<Response<HyperOutgoingBody>, ErrorCode>;

async fn verdict(head: oneshot::Receiver<Head>) -> Result<bool, String> {
    let response = match head.await {
        Ok(Ok(response)) => response,
        Ok(Err(code)) => return Err(format!("it has no agent card to show ({code:?})")),
        // It trapped, which is said elsewhere, or it returned.
        Err(_) => return Err("it gave no answer when it was asked for its agent card".to_owned()),
    };
    let status = response.status();
    // The component may be writing still, and waits until it is read.
    let body = Limited::new(response.into_body(), LONGEST).collect().await;
    if status.is_server_error() {
        let error = body
            .ok()
            .and_then(|body| serde_json::from_slice::<ErrorBody>(&body.to_bytes()).ok());
        return Err(match error {
            Some(body) => body.error.message,
            None => format!("it answered {status} when it was asked for its agent card"),
        });
    }
    if !status.is_success() {
        warn!("the component has no agent card: it answered {status}");
        return Ok(false);
    }
    let body = body.map_err(|error| format!("its agent card breaks off: {error}"))?;
    lint(&body.to_bytes())?;
    Ok(true)
}

/// Names everything at once that a card lacks.
fn lint(card: &[u8]) -> Result<(), String> {
    let card: Value = serde_json::from_slice(card)
        .map_err(|error| format!("its agent card is not JSON ({error})"))?;
    let has_text = |of: &Value, field: &str| {
        let text = of.get(field).and_then(Value::as_str);
        text.is_some_and(|text| !text.is_empty())
    };
    let list = |field: &str| card.get(field).and_then(Value::as_array);
    let mut missing: Vec<_> = TEXTS
        .into_iter()
        .filter(|field| !has_text(&card, field))
        .collect();
    missing.extend(
        LISTS
            .into_iter()
            .filter(|field| list(field).is_none_or(|list| list.is_empty())),
    );
    if !card.get("capabilities").is_some_and(Value::is_object) {
        missing.push("capabilities");
    }
    if list("skills").is_none() {
        missing.push("skills");
    }
    let interfaces = list("supportedInterfaces").filter(|interfaces| !interfaces.is_empty());
    let reachable = match interfaces {
        Some(interfaces) => interfaces
            .iter()
            .all(|interface| has_text(interface, "url") && has_text(interface, "protocolBinding")),
        None => has_text(&card, "url"),
    };
    if !reachable {
        missing.push("supportedInterfaces");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "its agent card lacks what clients need, or has it in another form: {}",
        missing.join(", ")
    ))
}
