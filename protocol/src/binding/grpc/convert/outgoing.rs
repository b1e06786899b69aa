//! What a client is sent.

use prost_types::Timestamp as ProtoTimestamp;

use super::super::messages as pb;
use super::json;
use crate::error::{Error, ErrorKind};
use crate::wire::{self, Content, Timestamp};

impl From<wire::SendMessageResponse> for pb::SendMessageResponse {
    fn from(from: wire::SendMessageResponse) -> Self {
        use pb::send_message_response::Payload;
        Self {
            payload: Some(match from {
                wire::SendMessageResponse::Task(task) => Payload::Task(task.into()),
                wire::SendMessageResponse::Message(message) => Payload::Message(message.into()),
            }),
        }
    }
}

impl From<wire::StreamResponse> for pb::StreamResponse {
    fn from(from: wire::StreamResponse) -> Self {
        use pb::stream_response::Payload;
        Self {
            payload: Some(match from {
                wire::StreamResponse::Task(task) => Payload::Task(task.into()),
                wire::StreamResponse::Message(message) => Payload::Message(message.into()),
                wire::StreamResponse::StatusUpdate(update) => Payload::StatusUpdate(update.into()),
                wire::StreamResponse::ArtifactUpdate(update) => {
                    Payload::ArtifactUpdate(update.into())
                }
            }),
        }
    }
}

impl From<wire::Task> for pb::Task {
    fn from(from: wire::Task) -> Self {
        Self {
            id: from.id,
            context_id: from.context_id,
            status: Some(from.status.into()),
            artifacts: all(from.artifacts.unwrap_or_default()),
            history: all(from.history),
            metadata: from.metadata.map(json::from_map),
        }
    }
}

impl From<wire::TaskStatus> for pb::TaskStatus {
    fn from(from: wire::TaskStatus) -> Self {
        Self {
            state: from.state.number(),
            message: from.message.map(Into::into),
            timestamp: from.timestamp.map(moment),
        }
    }
}

impl From<wire::Message> for pb::Message {
    fn from(from: wire::Message) -> Self {
        Self {
            message_id: from.message_id,
            context_id: from.context_id,
            task_id: from.task_id,
            role: from.role.number(),
            parts: all(from.parts),
            metadata: from.metadata.map(json::from_map),
            extensions: from.extensions,
            reference_task_ids: from.reference_task_ids,
        }
    }
}

impl From<wire::Part> for pb::Part {
    fn from(from: wire::Part) -> Self {
        Self {
            content: Some(match from.content {
                Content::Text(text) => pb::part::Content::Text(text),
                Content::Raw(bytes) => pb::part::Content::Raw(bytes),
                Content::Url(url) => pb::part::Content::Url(url),
                Content::Data(value) => pb::part::Content::Data(json::from_value(value)),
            }),
            metadata: from.metadata.map(json::from_map),
            filename: from.filename,
            media_type: from.media_type,
        }
    }
}

impl From<wire::Artifact> for pb::Artifact {
    fn from(from: wire::Artifact) -> Self {
        Self {
            artifact_id: from.artifact_id,
            name: from.name,
            description: from.description,
            parts: all(from.parts),
            metadata: from.metadata.map(json::from_map),
            extensions: from.extensions,
        }
    }
}

impl From<wire::TaskStatusUpdateEvent> for pb::TaskStatusUpdateEvent {
    fn from(from: wire::TaskStatusUpdateEvent) -> Self {
        Self {
            task_id: from.task_id,
            context_id: from.context_id,
            status: Some(from.status.into()),
            metadata: from.metadata.map(json::from_map),
        }
    }
}

impl From<wire::TaskArtifactUpdateEvent> for pb::TaskArtifactUpdateEvent {
    fn from(from: wire::TaskArtifactUpdateEvent) -> Self {
        Self {
            task_id: from.task_id,
            context_id: from.context_id,
            artifact: Some(from.artifact.into()),
            append: from.append,
            last_chunk: from.last_chunk,
            metadata: from.metadata.map(json::from_map),
        }
    }
}

impl From<wire::ListTasksResponse> for pb::ListTasksResponse {
    fn from(from: wire::ListTasksResponse) -> Self {
        Self {
            tasks: all(from.tasks),
            next_page_token: from.next_page_token,
            page_size: i32::try_from(from.page_size).unwrap_or(i32::MAX),
            total_size: i32::try_from(from.total_size).unwrap_or(i32::MAX),
        }
    }
}

impl From<wire::TaskPushNotificationConfig> for pb::TaskPushNotificationConfig {
    fn from(from: wire::TaskPushNotificationConfig) -> Self {
        Self {
            tenant: from.tenant,
            id: from.id,
            task_id: from.task_id,
            url: from.url,
            token: from.token,
            authentication: from.authentication.map(|from| pb::AuthenticationInfo {
                scheme: from.scheme,
                credentials: from.credentials,
            }),
        }
    }
}

impl From<wire::ListTaskPushNotificationConfigsResponse>
    for pb::ListTaskPushNotificationConfigsResponse
{
    fn from(from: wire::ListTaskPushNotificationConfigsResponse) -> Self {
        Self {
            configs: all(from.configs),
            next_page_token: from.next_page_token,
        }
    }
}

impl TryFrom<&wire::AgentCard> for pb::AgentCard {
    type Error = Error;
    /// Fails for security schemes that the proto does not have, which a card takes as plain JSON.
    fn try_from(card: &wire::AgentCard) -> Result<Self, Error> {
        serde_json::to_value(card)
            .and_then(serde_json::from_value)
            .map_err(|error| {
                Error::new(
                    ErrorKind::InvalidAgentResponse,
                    format!("The agent's card does not fit the A2A schema: {error}."),
                )
            })
    }
}

fn all<A, B: From<A>>(from: Vec<A>) -> Vec<B> {
    from.into_iter().map(Into::into).collect()
}

fn moment(from: Timestamp) -> ProtoTimestamp {
    ProtoTimestamp {
        seconds: i64::try_from(from.0 / 1000).unwrap_or(i64::MAX),
        // Less than 10^9.
        nanos: i32::try_from(from.0 % 1000 * 1_000_000).unwrap_or_default(),
    }
}
