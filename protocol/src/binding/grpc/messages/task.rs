//! Tasks, messages and events.

use prost_types::{Struct, Timestamp, Value};

/// A unit of work.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Task {
    /// Made by the server.
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    /// The conversation.
    #[prost(string, tag = "2")]
    pub(crate) context_id: String,
    /// Where it stands.
    #[prost(message, optional, tag = "3")]
    pub(crate) status: Option<TaskStatus>,
    /// What it has produced.
    #[prost(message, repeated, tag = "4")]
    pub(crate) artifacts: Vec<Artifact>,
    /// Its messages, oldest first.
    #[prost(message, repeated, tag = "5")]
    pub(crate) history: Vec<Message>,
    /// Data of the agent's own.
    #[prost(message, optional, tag = "6")]
    pub(crate) metadata: Option<Struct>,
}

/// A state, and what the agent says of it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TaskStatus {
    /// A `TaskState`.
    #[prost(int32, tag = "1")]
    pub(crate) state: i32,
    /// The agent's words.
    #[prost(message, optional, tag = "2")]
    pub(crate) message: Option<Message>,
    /// When the state was reached.
    #[prost(message, optional, tag = "3")]
    pub(crate) timestamp: Option<Timestamp>,
}

/// A piece of a message or an artifact.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Part {
    /// Exactly one.
    #[prost(oneof = "part::Content", tags = "1, 2, 3, 4")]
    pub(crate) content: Option<part::Content>,
    /// Data of the sender's own.
    #[prost(message, optional, tag = "5")]
    pub(crate) metadata: Option<Struct>,
    /// A file name.
    #[prost(string, tag = "6")]
    pub(crate) filename: String,
    /// A media type.
    #[prost(string, tag = "7")]
    pub(crate) media_type: String,
}

pub(crate) mod part {
    use super::Value;

    /// What a part carries.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(crate) enum Content {
        #[prost(string, tag = "1")]
        Text(String),
        #[prost(bytes = "vec", tag = "2")]
        Raw(Vec<u8>),
        #[prost(string, tag = "3")]
        Url(String),
        #[prost(message, tag = "4")]
        Data(Value),
    }
}

/// One turn of a conversation.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Message {
    /// Unique for its sender.
    #[prost(string, tag = "1")]
    pub(crate) message_id: String,
    /// The conversation.
    #[prost(string, tag = "2")]
    pub(crate) context_id: String,
    /// The task.
    #[prost(string, tag = "3")]
    pub(crate) task_id: String,
    /// A `Role`.
    #[prost(int32, tag = "4")]
    pub(crate) role: i32,
    /// At least one.
    #[prost(message, repeated, tag = "5")]
    pub(crate) parts: Vec<Part>,
    /// Data of the sender's own.
    #[prost(message, optional, tag = "6")]
    pub(crate) metadata: Option<Struct>,
    /// URIs of extensions that contributed to it.
    #[prost(string, repeated, tag = "7")]
    pub(crate) extensions: Vec<String>,
    /// Other tasks that it speaks of.
    #[prost(string, repeated, tag = "8")]
    pub(crate) reference_task_ids: Vec<String>,
}

/// Something that the agent made.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Artifact {
    /// Unique within its task.
    #[prost(string, tag = "1")]
    pub(crate) artifact_id: String,
    /// A name for people.
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    /// What it is.
    #[prost(string, tag = "3")]
    pub(crate) description: String,
    /// At least one.
    #[prost(message, repeated, tag = "4")]
    pub(crate) parts: Vec<Part>,
    /// Data of the agent's own.
    #[prost(message, optional, tag = "5")]
    pub(crate) metadata: Option<Struct>,
    /// URIs of extensions that contributed to it.
    #[prost(string, repeated, tag = "6")]
    pub(crate) extensions: Vec<String>,
}

/// A change of status.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TaskStatusUpdateEvent {
    /// The task.
    #[prost(string, tag = "1")]
    pub(crate) task_id: String,
    /// Its conversation.
    #[prost(string, tag = "2")]
    pub(crate) context_id: String,
    /// The new status.
    #[prost(message, optional, tag = "3")]
    pub(crate) status: Option<TaskStatus>,
    /// Data of the agent's own.
    #[prost(message, optional, tag = "4")]
    pub(crate) metadata: Option<Struct>,
}

/// An artifact, or a further piece of one.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TaskArtifactUpdateEvent {
    /// The task.
    #[prost(string, tag = "1")]
    pub(crate) task_id: String,
    /// Its conversation.
    #[prost(string, tag = "2")]
    pub(crate) context_id: String,
    /// The artifact, or the parts to add.
    #[prost(message, optional, tag = "3")]
    pub(crate) artifact: Option<Artifact>,
    /// True to add the parts.
    #[prost(bool, tag = "4")]
    pub(crate) append: bool,
    /// True when no further piece follows.
    #[prost(bool, tag = "5")]
    pub(crate) last_chunk: bool,
    /// Data of the agent's own.
    #[prost(message, optional, tag = "6")]
    pub(crate) metadata: Option<Struct>,
}

/// One event of a stream.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StreamResponse {
    /// Exactly one.
    #[prost(oneof = "stream_response::Payload", tags = "1, 2, 3, 4")]
    pub(crate) payload: Option<stream_response::Payload>,
}

pub(crate) mod stream_response {
    use super::{Message, Task, TaskArtifactUpdateEvent, TaskStatusUpdateEvent};

    /// What happened.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(crate) enum Payload {
        #[prost(message, tag = "1")]
        Task(Task),
        #[prost(message, tag = "2")]
        Message(Message),
        #[prost(message, tag = "3")]
        StatusUpdate(TaskStatusUpdateEvent),
        #[prost(message, tag = "4")]
        ArtifactUpdate(TaskArtifactUpdateEvent),
    }
}
