//! An operation in the words of an interface: two bindings, two versions.

mod rest;
mod rpc;

use attache_protocol::v0_3::{self, Form};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use super::http::Request;
use super::interface::{Binding, Interface, Version};
use super::operation::{Operation, PushConfig, Sending};
use crate::failure::{Exit, Failure};

const VERSION: HeaderName = HeaderName::from_static("a2a-version");
const EXTENSIONS: HeaderName = HeaderName::from_static("a2a-extensions");
/// Its name in 0.3.
const OLD_EXTENSIONS: HeaderName = HeaderName::from_static("x-a2a-extensions");

/// A request before it has an address.
struct Worded {
    method: Method,
    url: Url,
    body: Option<Value>,
}

/// The request that asks `interface` for `operation`.
///
/// # Errors
/// When the version has no such operation, or an id fits into no address.
pub(super) fn request(
    operation: &Operation,
    interface: &Interface,
    extensions: &[String],
) -> Result<Request, Failure> {
    if interface.version == Version::V0_3 && matches!(operation, Operation::ListTasks(_)) {
        return Err(
            Failure::new(Exit::Wanting, "A2A 0.3 has no operation that lists tasks")
                .remedy("if the agent speaks 1.0, add --protocol-version 1.0"),
        );
    }
    let worded = match interface.binding {
        Binding::JsonRpc => rpc::worded(operation, interface),
        Binding::HttpJson => rest::worded(operation, interface)?,
    };
    let mut headers = HeaderMap::new();
    // 0.3 is what a request without the header is.
    if interface.version == Version::V1_0 {
        headers.insert(VERSION, HeaderValue::from_static("1.0"));
    }
    let accept = if operation.is_streaming() {
        "text/event-stream"
    } else {
        "application/json, application/a2a+json"
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    if worded.body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if !extensions.is_empty() {
        let name = match interface.version {
            Version::V1_0 => EXTENSIONS,
            Version::V0_3 => OLD_EXTENSIONS,
        };
        let value = HeaderValue::from_str(&extensions.join(",")).map_err(|_| {
            Failure::new(
                Exit::Usage,
                format!("{:?} is no URI of an extension", extensions.join(",")),
            )
        })?;
        headers.insert(name, value);
    }
    Ok(Request {
        method: worded.method,
        url: worded.url,
        headers,
        body: worded.body.map(|body| body.to_string()),
    })
}

/// The object of 1.0 that sends a message, without a tenant.
fn sending(sending: &Sending) -> Value {
    let mut configuration = Map::new();
    if !sending.accepted_output_modes.is_empty() {
        let modes = json!(sending.accepted_output_modes);
        configuration.insert("acceptedOutputModes".to_owned(), modes);
    }
    if let Some(length) = sending.history_length {
        configuration.insert("historyLength".to_owned(), json!(length));
    }
    if sending.return_immediately {
        configuration.insert("returnImmediately".to_owned(), json!(true));
    }
    let mut request = json!({ "message": sending.message });
    if let (false, Some(request)) = (configuration.is_empty(), request.as_object_mut()) {
        request.insert("configuration".to_owned(), Value::Object(configuration));
    }
    request
}

/// The same in 0.3, where waiting has to be asked for: without a word servers do either.
fn old_sending(sending: &Sending, form: Form) -> Value {
    let mut configuration =
        Map::from_iter([("blocking".to_owned(), json!(!sending.return_immediately))]);
    if !sending.accepted_output_modes.is_empty() {
        let modes = json!(sending.accepted_output_modes);
        configuration.insert("acceptedOutputModes".to_owned(), modes);
    }
    if let Some(length) = sending.history_length {
        configuration.insert("historyLength".to_owned(), json!(length));
    }
    json!({
        "message": v0_3::message(sending.message.clone(), form),
        "configuration": configuration,
    })
}

/// A webhook of 1.0; the task stands beside it in an address.
fn push_config(config: &PushConfig) -> Map<String, Value> {
    let mut new = Map::from_iter([
        ("taskId".to_owned(), json!(config.task_id)),
        ("url".to_owned(), json!(config.url)),
    ]);
    if let Some(id) = &config.id {
        new.insert("id".to_owned(), json!(id));
    }
    if let Some(token) = &config.token {
        new.insert("token".to_owned(), json!(token));
    }
    if let Some((scheme, credentials)) = &config.authentication {
        let authentication = json!({ "scheme": scheme, "credentials": credentials });
        new.insert("authentication".to_owned(), authentication);
    }
    new
}

/// A webhook of 0.3, which does not say its task.
fn old_push_config(config: &PushConfig) -> Value {
    let mut old = push_config(config);
    old.shift_remove("taskId");
    if let Some((scheme, credentials)) = &config.authentication {
        let authentication = json!({ "schemes": [scheme], "credentials": credentials });
        old.insert("authentication".to_owned(), authentication);
    }
    Value::Object(old)
}
