//! Requests and responses of the operations on tasks.

use prost_types::{Struct, Timestamp};

use super::{Message, Task, TaskPushNotificationConfig};

/// SendMessage and SendStreamingMessage.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SendMessageRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// Required.
    #[prost(message, optional, tag = "2")]
    pub(crate) message: Option<Message>,
    /// How to answer.
    #[prost(message, optional, tag = "3")]
    pub(crate) configuration: Option<SendMessageConfiguration>,
    /// Data of the client's own.
    #[prost(message, optional, tag = "4")]
    pub(crate) metadata: Option<Struct>,
}

/// How a client wants its answer.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SendMessageConfiguration {
    /// Media types that the client can take.
    #[prost(string, repeated, tag = "1")]
    pub(crate) accepted_output_modes: Vec<String>,
    /// A webhook for the task's events.
    #[prost(message, optional, tag = "2")]
    pub(crate) task_push_notification_config: Option<TaskPushNotificationConfig>,
    /// At most this many messages of history.
    #[prost(int32, optional, tag = "3")]
    pub(crate) history_length: Option<i32>,
    /// Answer as soon as the task exists.
    #[prost(bool, tag = "4")]
    pub(crate) return_immediately: bool,
}

/// The answer to SendMessage.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SendMessageResponse {
    /// Exactly one.
    #[prost(oneof = "send_message_response::Payload", tags = "1, 2")]
    pub(crate) payload: Option<send_message_response::Payload>,
}

pub(crate) mod send_message_response {
    use super::{Message, Task};

    /// What came of the message.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(crate) enum Payload {
        #[prost(message, tag = "1")]
        Task(Task),
        #[prost(message, tag = "2")]
        Message(Message),
    }
}

/// GetTask.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetTaskRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// The task.
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    /// At most this many messages of history.
    #[prost(int32, optional, tag = "3")]
    pub(crate) history_length: Option<i32>,
}

/// ListTasks.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ListTasksRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// Only this conversation.
    #[prost(string, tag = "2")]
    pub(crate) context_id: String,
    /// Only this `TaskState`.
    #[prost(int32, tag = "3")]
    pub(crate) status: i32,
    /// 1 to 100.
    #[prost(int32, optional, tag = "4")]
    pub(crate) page_size: Option<i32>,
    /// From the page before.
    #[prost(string, tag = "5")]
    pub(crate) page_token: String,
    /// At most this many messages of history in each task.
    #[prost(int32, optional, tag = "6")]
    pub(crate) history_length: Option<i32>,
    /// Only tasks whose status is of then or later.
    #[prost(message, optional, tag = "7")]
    pub(crate) status_timestamp_after: Option<Timestamp>,
    /// Print artifacts too.
    #[prost(bool, optional, tag = "8")]
    pub(crate) include_artifacts: Option<bool>,
}

/// The answer to ListTasks.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ListTasksResponse {
    /// Newest status first.
    #[prost(message, repeated, tag = "1")]
    pub(crate) tasks: Vec<Task>,
    /// Empty on the last page.
    #[prost(string, tag = "2")]
    pub(crate) next_page_token: String,
    /// The page size that was applied.
    #[prost(int32, tag = "3")]
    pub(crate) page_size: i32,
    /// How many tasks match, over all pages.
    #[prost(int32, tag = "4")]
    pub(crate) total_size: i32,
}

/// CancelTask.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CancelTaskRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// The task.
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    /// Data of the client's own.
    #[prost(message, optional, tag = "3")]
    pub(crate) metadata: Option<Struct>,
}

/// SubscribeToTask.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SubscribeToTaskRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// The task.
    #[prost(string, tag = "2")]
    pub(crate) id: String,
}
