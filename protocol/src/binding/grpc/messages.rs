//! The messages of the package `lf.a2a.v1` as `prost` writes them.
//!
//! They are written by hand after the official proto, so that building needs no compiler for it; that
//! the numbers are the official ones is shown by bytes from the official Python SDK (the tests at the
//! end). Enums are plain numbers here: what an unknown one means is decided where it is converted.

mod card;
mod push;
mod request;
mod security;
mod status;
mod task;

pub(super) use card::AgentCard;
pub(super) use push::{
    AuthenticationInfo, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest, ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse, TaskPushNotificationConfig,
};
pub(super) use request::{
    CancelTaskRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse,
    SendMessageConfiguration, SendMessageRequest, SendMessageResponse, SubscribeToTaskRequest,
    send_message_response,
};
pub(super) use status::{BadRequest, ErrorInfo, FieldViolation, Status};
pub(super) use task::{
    Artifact, Message, Part, StreamResponse, Task, TaskArtifactUpdateEvent, TaskStatus,
    TaskStatusUpdateEvent, part, stream_response,
};

#[cfg(test)]
mod tests;
