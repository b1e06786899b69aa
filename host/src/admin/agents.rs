//! What the admin port says and does about agents.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Admin, refused};
use crate::agent::{AgentName, ReloadError, Reloaded, Roster, Slot};

const AGENTS: &str = "/agents";

impl Admin {
    /// Shows the agents under `/agents`, and has them look for new components under `/agents/reload`
    /// and `/agents/NAME/reload`. With the body `{"component": "oci://…"}` one agent is swapped to another
    /// artifact of its repository. The answer comes when that is done: 200 when all is well, 422 when a
    /// component was refused.
    #[must_use]
    pub fn with_agents(self, roster: &Arc<Roster>) -> Self {
        let all = roster.clone();
        let shown = self.route(&Method::GET, AGENTS, move |_| {
            let agents: Vec<_> = all.slots().iter().map(|slot| state(slot)).collect();
            std::future::ready(of_json(StatusCode::OK, &json!({ "agents": agents })))
        });
        let all = roster.clone();
        let reload_all = format!("{AGENTS}/reload");
        let mut admin = shown.route(&Method::POST, reload_all, move |request| {
            let all = all.clone();
            async move { reload(all.slots(), &request).await }
        });
        for slot in roster.slots().iter().filter(|slot| slot.name().is_some()) {
            let path = format!("{AGENTS}/{}/reload", slot.label());
            let slot = slot.clone();
            admin = admin.route(&Method::POST, path, move |request| {
                let slot = slot.clone();
                async move { reload(std::slice::from_ref(&slot), &request).await }
            });
        }
        admin
    }
}

fn state(slot: &Slot) -> Value {
    let room = slot.admission();
    json!({
        "agent": slot.name().map(AgentName::as_str),
        "component": slot.origin().to_string(),
        "digest": slot.current().digest().to_string(),
        "hosts": slot.hosts(),
        "instances": { "most": slot.terms().limits.max_instances, "inUse": room.in_use() },
        "queued": room.queued(),
    })
}

/// What the body of a request for another component may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    component: String,
}

async fn reload(slots: &[Arc<Slot>], request: &Request<Bytes>) -> Response<Bytes> {
    let wanted = match request.body().trim_ascii() {
        [] => None,
        body => match serde_json::from_slice::<Wanted>(body) {
            Ok(wanted) => Some(wanted.component),
            Err(error) => {
                let why = format!(
                    "give no body, or {{\"component\": \"oci://HOST/REPOSITORY:TAG\"}} ({error})"
                );
                return refused(StatusCode::BAD_REQUEST, &why);
            }
        },
    };
    if let Some(wanted) = wanted {
        let [slot] = slots else {
            let why = "say for which agent: ask /agents/NAME/reload";
            return refused(StatusCode::BAD_REQUEST, why);
        };
        let swapped = slot.swap(&wanted).await;
        let status = match &swapped {
            Ok(_) => StatusCode::OK,
            Err(ReloadError::Elsewhere(_)) => StatusCode::BAD_REQUEST,
            Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let agents = [outcome(slot, Some(swapped))];
        return of_json(status, &json!({ "agents": agents }));
    }
    let mut agents = Vec::with_capacity(slots.len());
    let mut status = StatusCode::OK;
    for slot in slots {
        let reloaded = slot.reload(true).await;
        let is_refused = matches!(reloaded, Some(Err(_)));
        if is_refused {
            status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        agents.push(outcome(slot, reloaded));
    }
    of_json(status, &json!({ "agents": agents }))
}

fn outcome(slot: &Slot, reloaded: Option<Result<Reloaded, ReloadError>>) -> Value {
    let agent = slot.name().map(AgentName::as_str);
    let serving = slot.current().digest().to_string();
    let (outcome, error) = match reloaded {
        Some(Ok(Reloaded::Swapped { .. })) => ("swapped", None),
        Some(Ok(Reloaded::Unchanged(_))) | None => ("unchanged", None),
        Some(Err(error)) => ("refused", Some(error.to_string())),
    };
    json!({ "agent": agent, "outcome": outcome, "digest": serving, "error": error })
}

fn of_json(status: StatusCode, value: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{value}\n")));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
