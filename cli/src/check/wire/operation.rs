//! The operations, and what each binding makes of them.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Map, Value, json};

/// An operation of A2A 1.0.
#[derive(Debug, Clone)]
pub(crate) enum Operation<'a> {
    /// With the parameters.
    Send(Value),
    /// With the parameters.
    Stream(Value),
    /// The task, and more parameters.
    Get(&'a str, Value),
    /// The parameters.
    List(Value),
    /// The task.
    Cancel(&'a str),
    /// The task.
    Subscribe(&'a str),
    /// The task, and the webhook.
    CreatePush(&'a str, Value),
    /// The task, and the id of the webhook.
    GetPush(&'a str, &'a str),
    /// The task.
    ListPush(&'a str),
    /// The task, and the id of the webhook.
    DeletePush(&'a str, &'a str),
    /// The card for those who are known.
    ExtendedCard,
}

impl Operation<'_> {
    /// Method and parameters.
    pub(super) fn for_json_rpc(&self) -> (&'static str, Value) {
        match self {
            Self::Send(params) => ("SendMessage", params.clone()),
            Self::Stream(params) => ("SendStreamingMessage", params.clone()),
            Self::Get(id, more) => ("GetTask", with(more, &[("id", id)])),
            Self::List(params) => ("ListTasks", params.clone()),
            Self::Cancel(id) => ("CancelTask", json!({ "id": id })),
            Self::Subscribe(id) => ("SubscribeToTask", json!({ "id": id })),
            Self::CreatePush(task, config) => (
                "CreateTaskPushNotificationConfig",
                with(config, &[("taskId", task)]),
            ),
            Self::GetPush(task, id) => (
                "GetTaskPushNotificationConfig",
                json!({ "taskId": task, "id": id }),
            ),
            Self::ListPush(task) => ("ListTaskPushNotificationConfigs", json!({ "taskId": task })),
            Self::DeletePush(task, id) => (
                "DeleteTaskPushNotificationConfig",
                json!({ "taskId": task, "id": id }),
            ),
            Self::ExtendedCard => ("GetExtendedAgentCard", json!({})),
        }
    }

    /// Verb, path with query, and body.
    pub(super) fn for_http_json(&self) -> (Method, String, Option<Value>) {
        let get = |path: String| (Method::GET, path, None);
        match self {
            Self::Send(params) => (
                Method::POST,
                "/message:send".to_owned(),
                Some(params.clone()),
            ),
            Self::Stream(params) => (
                Method::POST,
                "/message:stream".to_owned(),
                Some(params.clone()),
            ),
            Self::Get(id, more) => get(format!("/tasks/{id}{}", query(more))),
            Self::List(params) => get(format!("/tasks{}", query(params))),
            Self::Cancel(id) => (Method::POST, format!("/tasks/{id}:cancel"), None),
            Self::Subscribe(id) => (Method::POST, format!("/tasks/{id}:subscribe"), None),
            Self::CreatePush(task, config) => (
                Method::POST,
                format!("/tasks/{task}/pushNotificationConfigs"),
                Some(with(config, &[("taskId", task)])),
            ),
            Self::GetPush(task, id) => get(format!("/tasks/{task}/pushNotificationConfigs/{id}")),
            Self::ListPush(task) => get(format!("/tasks/{task}/pushNotificationConfigs")),
            Self::DeletePush(task, id) => (
                Method::DELETE,
                format!("/tasks/{task}/pushNotificationConfigs/{id}"),
                None,
            ),
            Self::ExtendedCard => get("/extendedAgentCard".to_owned()),
        }
    }
}

fn with(params: &Value, more: &[(&str, &str)]) -> Value {
    let mut params = params.as_object().cloned().unwrap_or_else(Map::new);
    for (name, value) in more {
        params.insert((*name).to_owned(), (*value).into());
    }
    params.into()
}

fn query(params: &Value) -> String {
    let mut query = String::new();
    for (name, value) in params.as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let _ = write!(
            query,
            "{}{name}={value}",
            if query.is_empty() { '?' } else { '&' }
        );
    }
    query
}
