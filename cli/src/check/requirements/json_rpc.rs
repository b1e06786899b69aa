//! What is JSON-RPC's own.

use serde_json::{Value, json};

use crate::check::probe::{NO_TASK, Probe};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds, wrong};
use crate::check::wire::{Expected, Fault, Operation};

requirements! {
    "jsonrpc.envelope", "9.1", Must, "Answers repeat version and id of the request", ["JSONRPC-FMT-001"], One(JsonRpc) => envelope;
    "jsonrpc.content-type", "9.1", Must, "Answers are application/json", ["JSONRPC-FMT-002"], One(JsonRpc) => content_type;
    "jsonrpc.no-json", "9.5", Must, "A body that is no JSON is error -32700", [], One(JsonRpc) => no_json;
    "jsonrpc.no-request", "9.5", Must, "JSON that is no request is error -32600", [], One(JsonRpc) => no_request;
    "jsonrpc.unknown-method", "9.5", Must, "A method that does not exist is error -32601", [], One(JsonRpc) => unknown_method;
    "jsonrpc.no-params", "9.5", Must, "Parameters of another type are error -32602", [], One(JsonRpc) => no_params;
    "jsonrpc.other-content-type", "5.4", Must, "A request of another media type is ContentTypeNotSupportedError", ["JSONRPC-SSE-002"], One(JsonRpc) => other_content_type;
    "jsonrpc.error", "9.5", Must, "An error has code and message, and its data is a list", ["JSONRPC-ERR-001"], One(JsonRpc) => error;
    "jsonrpc.error-code", "9.5", Must, "A2A's own errors are from -32099 to -32001", ["JSONRPC-ERR-002"], One(JsonRpc) => error_code;
    "jsonrpc.error-info", "9.5", Should, "A2A's own errors have an ErrorInfo", ["JSONRPC-ERR-003"], One(JsonRpc) => error_info;
    "jsonrpc.extensions", "9.2", Must, "A2A-Extensions is taken as a header", ["JSONRPC-SVC-002"], One(JsonRpc) => extensions;
}

async fn envelope(probe: &Probe<'_>) -> Seen {
    let id = "seven";
    let body = json!({"jsonrpc": "2.0", "id": id, "method": "GetTask", "params": {"id": NO_TASK}});
    let answer = probe
        .wire
        .post("", "application/json", body.to_string())
        .await?
        .json()?;
    holds(answer.get("jsonrpc") == Some(&json!("2.0")), || {
        "no \"jsonrpc\": \"2.0\"".to_owned()
    })?;
    holds(answer.get("id") == Some(&json!(id)), || {
        format!("the id {}", answer.get("id").unwrap_or(&Value::Null))
    })?;
    Ok("the same id".to_owned())
}

async fn content_type(probe: &Probe<'_>) -> Seen {
    let reply = probe
        .wire
        .call(&Operation::Send(probe.params(json!({}))))
        .await?;
    let media_type = reply.content_type();
    holds(media_type.starts_with("application/json"), || {
        format!("{media_type:?}")
    })?;
    Ok(media_type.to_owned())
}

async fn no_json(probe: &Probe<'_>) -> Seen {
    coded(probe, "{\"jsonrpc\": \"2.0\", ", -32700).await
}

async fn no_request(probe: &Probe<'_>) -> Seen {
    coded(probe, "{\"jsonrpc\": \"2.0\", \"id\": 1}", -32600).await
}

async fn unknown_method(probe: &Probe<'_>) -> Seen {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "NoSuchMethod", "params": {}});
    coded(probe, &body.to_string(), -32601).await
}

async fn no_params(probe: &Probe<'_>) -> Seen {
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": "none"}});
    coded(probe, &body.to_string(), -32602).await
}

async fn coded(probe: &Probe<'_>, body: &str, code: i64) -> Seen {
    let fault = probe
        .wire
        .post("", "application/json", body.to_owned())
        .await?
        .fault()?;
    holds(fault.code() == Some(code), || {
        format!("{}; expected {code}", fault.shown())
    })?;
    Ok(fault.shown())
}

async fn other_content_type(probe: &Probe<'_>) -> Seen {
    let reply = probe.wire.post("", "text/plain", "this is no JSON").await?;
    reply.refused_as(Expected::CONTENT_TYPE)
}

async fn error(probe: &Probe<'_>) -> Seen {
    let Fault { error, .. } = not_found(probe).await?;
    holds(error.get("code").is_some_and(Value::is_i64), || {
        "no code".to_owned()
    })?;
    holds(error.get("message").is_some_and(Value::is_string), || {
        "no message".to_owned()
    })?;
    match error.get("data") {
        None | Some(Value::Null | Value::Array(_)) => Ok("code and message".to_owned()),
        Some(_) => wrong("data that is no list"),
    }
}

async fn error_code(probe: &Probe<'_>) -> Seen {
    let fault = not_found(probe).await?;
    let is_own = fault
        .code()
        .is_some_and(|code| (-32099..=-32001).contains(&code));
    holds(is_own, || fault.shown())?;
    Ok(fault.shown())
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

/// The error of A2A's own that every agent has.
async fn not_found(probe: &Probe<'_>) -> Result<Fault, Ended> {
    probe
        .wire
        .call(&Operation::Get(NO_TASK, json!({})))
        .await?
        .fault()
}

/// That an error of an unknown task carries what programs read.
pub(super) fn informed(fault: &Fault) -> Seen {
    let Some(info) = fault.info() else {
        return wrong("no google.rpc.ErrorInfo");
    };
    let reason = fault.reason().unwrap_or("");
    holds(reason == Expected::TASK_NOT_FOUND.reason, || {
        format!("the reason {reason:?}")
    })?;
    let domain = info.get("domain").and_then(Value::as_str).unwrap_or("");
    holds(domain == "a2a-protocol.org", || {
        format!("the domain {domain:?}")
    })?;
    Ok(reason.to_owned())
}
