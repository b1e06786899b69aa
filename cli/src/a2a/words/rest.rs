//! HTTP+JSON. In 0.3 the paths are below `/v1`, and the objects those of its proto.

use attache_protocol::v0_3::Form;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{Worded, old_push_config, old_sending, push_config, rpc, sending};
use crate::a2a::interface::{Interface, Version};
use crate::a2a::operation::Operation;
use crate::failure::{Exit, Failure};

/// What stands for itself in a segment of a path. The colon does not: a verb begins with it.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(super) fn worded(operation: &Operation, interface: &Interface) -> Result<Worded, Failure> {
    let (method, path, body) = match operation {
        Operation::SendMessage(_) => (Method::POST, "message:send".to_owned(), None),
        Operation::SendStreamingMessage(_) => (Method::POST, "message:stream".to_owned(), None),
        Operation::GetTask { id, .. } => (Method::GET, format!("tasks/{}", segment(id)?), None),
        Operation::ListTasks(_) => (Method::GET, "tasks".to_owned(), None),
        Operation::CancelTask { id } => (
            Method::POST,
            format!("tasks/{}:cancel", segment(id)?),
            Some(json!({})),
        ),
        // The text of 1.0 says POST and its proto GET; servers take the former, or both.
        Operation::SubscribeToTask { id } => (
            Method::POST,
            format!("tasks/{}:subscribe", segment(id)?),
            None,
        ),
        Operation::CreatePushConfig(config) => (Method::POST, configs(&config.task_id)?, None),
        Operation::ListPushConfigs { task_id } => (Method::GET, configs(task_id)?, None),
        Operation::GetPushConfig { task_id, id } => (
            Method::GET,
            format!("{}/{}", configs(task_id)?, segment(id)?),
            None,
        ),
        Operation::DeletePushConfig { task_id, id } => (
            Method::DELETE,
            format!("{}/{}", configs(task_id)?, segment(id)?),
            None,
        ),
        Operation::GetExtendedCard if interface.version == Version::V0_3 => {
            (Method::GET, "card".to_owned(), None)
        }
        Operation::GetExtendedCard => (Method::GET, "extendedAgentCard".to_owned(), None),
    };
    let body = body.or_else(|| match interface.version {
        Version::V1_0 => new_body(operation),
        Version::V0_3 => old_body(operation),
    });
    let mut url = below(interface, &path)?;
    match operation {
        Operation::ListTasks(listing) => {
            let named = rpc::listed(listing);
            let mut query = url.query_pairs_mut();
            for (name, value) in &named {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                query.append_pair(name, &text);
            }
        }
        Operation::GetTask {
            history_length: Some(length),
            ..
        } => {
            url.query_pairs_mut()
                .append_pair("historyLength", &length.to_string());
        }
        _ => {}
    }
    Ok(Worded { method, url, body })
}

fn new_body(operation: &Operation) -> Option<Value> {
    match operation {
        Operation::SendMessage(message) | Operation::SendStreamingMessage(message) => {
            Some(sending(message))
        }
        Operation::CreatePushConfig(config) => Some(Value::Object(push_config(config))),
        _ => None,
    }
}

fn old_body(operation: &Operation) -> Option<Value> {
    match operation {
        Operation::SendMessage(message) | Operation::SendStreamingMessage(message) => {
            Some(old_sending(message, Form::Proto))
        }
        Operation::CreatePushConfig(config) => {
            let (task, id) = (&config.task_id, config.id.as_deref().unwrap_or("default"));
            Some(json!({
                "parent": format!("tasks/{task}"),
                "configId": id,
                "config": {
                    "name": format!("tasks/{task}/pushNotificationConfigs/{id}"),
                    "pushNotificationConfig": old_push_config(config),
                },
            }))
        }
        _ => None,
    }
}

fn configs(task_id: &str) -> Result<String, Failure> {
    Ok(format!(
        "tasks/{}/pushNotificationConfigs",
        segment(task_id)?
    ))
}

/// A path below the interface's URL, whether that ends with a slash or not.
fn below(interface: &Interface, path: &str) -> Result<Url, Failure> {
    let mut url = interface.url.clone();
    let base = url.path().trim_end_matches('/').to_owned();
    let between = match interface.version {
        // Some cards give the whole prefix.
        Version::V0_3 if base.ends_with("/v1") => String::new(),
        Version::V0_3 => "/v1".to_owned(),
        Version::V1_0 if interface.tenant.is_empty() => String::new(),
        Version::V1_0 => format!("/{}", segment(&interface.tenant)?),
    };
    url.set_path(&format!("{base}{between}/{path}"));
    Ok(url)
}

/// `.` and `..` would lead elsewhere.
fn segment(id: &str) -> Result<String, Failure> {
    if matches!(id, "" | "." | "..") {
        return Err(Failure::new(Exit::Usage, format!("{id:?} is no id")));
    }
    Ok(utf8_percent_encode(id, SEGMENT).to_string())
}
