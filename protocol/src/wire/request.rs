//! Requests and responses of the operations (section 3.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lenient;
use super::{Message, Task, TaskPushNotificationConfig, TaskState, Timestamp};

/// SendMessage and SendStreamingMessage.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SendMessageRequest {
    /// The tenant that the card's interface names, if any.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
    /// Required.
    pub message: Option<Message>,
    /// How to answer.
    #[serde(deserialize_with = "lenient::or_default")]
    pub configuration: SendMessageConfiguration,
    /// Data of the client's own.
    pub metadata: Option<Map<String, Value>>,
}

/// How a client wants its answer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SendMessageConfiguration {
    /// Media types that the client can take; empty is no preference.
    #[serde(
        alias = "accepted_output_modes",
        deserialize_with = "lenient::or_default"
    )]
    pub accepted_output_modes: Vec<String>,
    /// A webhook for the task's events.
    #[serde(alias = "task_push_notification_config")]
    pub task_push_notification_config: Option<TaskPushNotificationConfig>,
    /// At most this many messages of history in the answer.
    #[serde(alias = "history_length", deserialize_with = "lenient::int32")]
    pub history_length: Option<i32>,
    /// Answer with the task as soon as it exists.
    #[serde(alias = "return_immediately", deserialize_with = "lenient::or_default")]
    pub return_immediately: bool,
}

/// The answer to SendMessage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SendMessageResponse {
    /// A task was begun or continued.
    Task(Task),
    /// A direct answer.
    Message(Message),
}

/// GetTask.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GetTaskRequest {
    /// The tenant.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
    /// The task. Required.
    #[serde(deserialize_with = "lenient::or_default")]
    pub id: String,
    /// At most this many messages of history.
    #[serde(alias = "history_length", deserialize_with = "lenient::int32")]
    pub history_length: Option<i32>,
}

/// ListTasks. Filters are joined by "and".
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListTasksRequest {
    /// The tenant.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
    /// Only this conversation.
    #[serde(alias = "context_id", deserialize_with = "lenient::or_default")]
    pub context_id: String,
    /// Only this state.
    #[serde(deserialize_with = "lenient::or_default")]
    pub status: TaskState,
    /// 1 to 100; 50 when unset.
    #[serde(alias = "page_size", deserialize_with = "lenient::int32")]
    pub page_size: Option<i32>,
    /// From the page before.
    #[serde(alias = "page_token", deserialize_with = "lenient::or_default")]
    pub page_token: String,
    /// At most this many messages of history in each task.
    #[serde(alias = "history_length", deserialize_with = "lenient::int32")]
    pub history_length: Option<i32>,
    /// Only tasks whose status timestamp is at or after this.
    #[serde(alias = "status_timestamp_after")]
    pub status_timestamp_after: Option<Timestamp>,
    /// Print artifacts too.
    #[serde(alias = "include_artifacts", deserialize_with = "lenient::or_default")]
    pub include_artifacts: bool,
}

/// The answer to ListTasks: all four fields are always printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListTasksResponse {
    /// Newest status first.
    pub tasks: Vec<Task>,
    /// Empty on the last page.
    pub next_page_token: String,
    /// The page size that was applied.
    pub page_size: u32,
    /// How many tasks match, over all pages.
    pub total_size: u64,
}

/// CancelTask.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CancelTaskRequest {
    /// The tenant.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
    /// The task. Required.
    #[serde(deserialize_with = "lenient::or_default")]
    pub id: String,
    /// Data of the client's own.
    pub metadata: Option<Map<String, Value>>,
}

/// SubscribeToTask.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SubscribeToTaskRequest {
    /// The tenant.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
    /// The task. Required.
    #[serde(deserialize_with = "lenient::or_default")]
    pub id: String,
}
