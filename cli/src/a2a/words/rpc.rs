//! JSON-RPC.

use attache_protocol::v0_3::Form;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Worded, old_push_config, old_sending, push_config, sending};
use crate::a2a::interface::{Interface, Version};
use crate::a2a::operation::{Listing, Operation};

pub(super) fn worded(operation: &Operation, interface: &Interface) -> Worded {
    let (method, mut params) = match interface.version {
        Version::V1_0 => (operation.name(), new(operation)),
        Version::V0_3 => old(operation),
    };
    if let (false, Version::V1_0, Some(params)) = (
        interface.tenant.is_empty(),
        interface.version,
        params.as_object_mut(),
    ) {
        params.insert("tenant".to_owned(), json!(interface.tenant));
    }
    Worded {
        method: Method::POST,
        url: interface.url.clone(),
        body: Some(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })),
    }
}

fn new(operation: &Operation) -> Value {
    match operation {
        Operation::SendMessage(message) | Operation::SendStreamingMessage(message) => {
            sending(message)
        }
        Operation::GetTask { id, history_length } => task(id, *history_length),
        Operation::ListTasks(listing) => Value::Object(listed(listing)),
        Operation::CancelTask { id } | Operation::SubscribeToTask { id } => json!({ "id": id }),
        Operation::CreatePushConfig(config) => Value::Object(push_config(config)),
        Operation::GetPushConfig { task_id, id } | Operation::DeletePushConfig { task_id, id } => {
            json!({ "taskId": task_id, "id": id })
        }
        Operation::ListPushConfigs { task_id } => json!({ "taskId": task_id }),
        Operation::GetExtendedCard => json!({}),
    }
}

fn old(operation: &Operation) -> (&'static str, Value) {
    match operation {
        Operation::SendMessage(message) => ("message/send", old_sending(message, Form::Kind)),
        Operation::SendStreamingMessage(message) => {
            ("message/stream", old_sending(message, Form::Kind))
        }
        Operation::GetTask { id, history_length } => ("tasks/get", task(id, *history_length)),
        Operation::ListTasks(listing) => ("tasks/list", Value::Object(listed(listing))),
        Operation::CancelTask { id } => ("tasks/cancel", json!({ "id": id })),
        Operation::SubscribeToTask { id } => ("tasks/resubscribe", json!({ "id": id })),
        Operation::CreatePushConfig(config) => (
            "tasks/pushNotificationConfig/set",
            json!({ "taskId": config.task_id, "pushNotificationConfig": old_push_config(config) }),
        ),
        Operation::GetPushConfig { task_id, id } => (
            "tasks/pushNotificationConfig/get",
            json!({ "id": task_id, "pushNotificationConfigId": id }),
        ),
        Operation::ListPushConfigs { task_id } => (
            "tasks/pushNotificationConfig/list",
            json!({ "id": task_id }),
        ),
        Operation::DeletePushConfig { task_id, id } => (
            "tasks/pushNotificationConfig/delete",
            json!({ "id": task_id, "pushNotificationConfigId": id }),
        ),
        Operation::GetExtendedCard => ("agent/getAuthenticatedExtendedCard", json!({})),
    }
}

fn task(id: &str, history_length: Option<u32>) -> Value {
    match history_length {
        Some(length) => json!({ "id": id, "historyLength": length }),
        None => json!({ "id": id }),
    }
}

/// What a listing says, by name; the same words are a query in HTTP+JSON.
pub(super) fn listed(listing: &Listing) -> Map<String, Value> {
    let text = |value: &Option<String>| value.as_ref().map(|text| json!(text));
    let number = |value: Option<u32>| value.map(|number| json!(number));
    let named = [
        ("contextId", text(&listing.context_id)),
        ("status", listing.state.map(|state| json!(state.as_str()))),
        ("pageSize", number(listing.page_size)),
        ("pageToken", text(&listing.page_token)),
        ("historyLength", number(listing.history_length)),
        ("statusTimestampAfter", text(&listing.since)),
        (
            "includeArtifacts",
            listing.include_artifacts.then(|| json!(true)),
        ),
    ];
    let given = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect()
}
