//! What is HTTP+JSON's own.

use serde_json::{Value, json};

use super::json_rpc::informed;
use crate::check::probe::{NO_TASK, Probe};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds};
use crate::check::wire::{Fault, Operation};

requirements! {
    "http-json.content-type", "11.1", Must, "Answers are application/a2a+json or application/json", ["HTTP_JSON-SVC-001"], One(HttpJson) => content_type;
    "http-json.no-json", "11.6", Must, "A body that is no JSON is refused with 4xx", [], One(HttpJson) => no_json;
    "http-json.unknown-path", "11.3", Must, "A path that does not exist is 404", [], One(HttpJson) => unknown_path;
    "http-json.status", "5.4", Must, "A task that does not exist is 404", ["HTTP_JSON-STATUS-001"], One(HttpJson) => status;
    "http-json.error", "11.6", Must, "An error has code, status, message and details", ["HTTP_JSON-ERR-001"], One(HttpJson) => error;
    "http-json.error-info", "11.6", Must, "A2A's own errors have an ErrorInfo", ["HTTP_JSON-ERR-002"], One(HttpJson) => error_info;
    "http-json.extensions", "11.2", Must, "A2A-Extensions is taken as a header", ["HTTP_JSON-SVC-002"], One(HttpJson) => extensions;
}

async fn content_type(probe: &Probe<'_>) -> Seen {
    let reply = probe
        .wire
        .call(&Operation::Send(probe.params(json!({}))))
        .await?;
    let media_type = reply.content_type();
    let is_json = ["application/json", "application/a2a+json"]
        .iter()
        .any(|known| media_type.starts_with(known));
    holds(is_json, || format!("{media_type:?}"))?;
    Ok(media_type.to_owned())
}

async fn no_json(probe: &Probe<'_>) -> Seen {
    let reply = probe
        .wire
        .post("/message:send", "application/json", "{\"message\": ")
        .await?;
    holds((400..500).contains(&reply.status), || {
        format!("status {}", reply.status)
    })?;
    Ok(format!("status {}", reply.status))
}

async fn unknown_path(probe: &Probe<'_>) -> Seen {
    let reply = probe.wire.get("/no/such/path/anywhere").await?;
    holds(reply.status == 404, || format!("status {}", reply.status))?;
    Ok("status 404".to_owned())
}

async fn status(probe: &Probe<'_>) -> Seen {
    let fault = not_found(probe).await?;
    holds(fault.status == 404, || fault.shown())?;
    Ok("status 404".to_owned())
}

async fn error(probe: &Probe<'_>) -> Seen {
    let Fault { status, error } = not_found(probe).await?;
    let code = error.get("code").and_then(Value::as_u64);
    holds(code == Some(status.into()), || {
        format!("the code {code:?} in an answer of status {status}")
    })?;
    for name in ["status", "message"] {
        holds(error.get(name).is_some_and(Value::is_string), || {
            format!("no {name}")
        })?;
    }
    holds(error.get("details").is_some_and(Value::is_array), || {
        "no details".to_owned()
    })?;
    Ok("all of them".to_owned())
}

async fn error_info(probe: &Probe<'_>) -> Seen {
    informed(&not_found(probe).await?)
}

async fn extensions(probe: &Probe<'_>) -> Seen {
    if !probe.agent.required_extensions().is_empty() {
        return Ok("the required ones are taken".to_owned());
    }
    let wire = probe
        .wire
        .with_header("a2a-extensions", Some("https://example.com/unknown/v1"));
    wire.call(&Operation::Send(probe.params(json!({}))))
        .await?
        .result()?;
    Ok("accepted".to_owned())
}

async fn not_found(probe: &Probe<'_>) -> Result<Fault, Ended> {
    probe
        .wire
        .call(&Operation::Get(NO_TASK, json!({})))
        .await?
        .fault()
}
