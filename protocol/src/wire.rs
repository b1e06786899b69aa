//! The data model of A2A 1.0 (section 4) as JSON has it (section 5.5).
//!
//! The types are our own because the published ones either refuse what ProtoJSON parsers must accept
//! (snake_case names, numeric enums, URL-safe base64, quoted integers) or change data on its way
//! through (`42` becomes `42.0`, `data: null` is lost). They print strictly and read leniently:
//! unknown fields are ignored, `null` is unset, and only what would change the meaning is refused.

mod card;
mod depth;
pub(crate) mod lenient;
mod message;
mod push;
mod request;
mod task;
mod timestamp;

pub use card::{
    AgentCapabilities, AgentCard, AgentCardSignature, AgentExtension, AgentInterface,
    AgentProvider, AgentSkill,
};
pub(crate) use depth::nested_deeper;
pub use message::{Content, Message, Part, Role};
pub use push::{
    AuthenticationInfo, GetExtendedAgentCardRequest, ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse, TaskPushNotificationConfig,
    TaskPushNotificationConfigRequest,
};
pub use request::{
    CancelTaskRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse,
    SendMessageConfiguration, SendMessageRequest, SendMessageResponse, SubscribeToTaskRequest,
};
pub use task::{
    Artifact, StreamResponse, Task, TaskArtifactUpdateEvent, TaskState, TaskStatus,
    TaskStatusUpdateEvent,
};
pub use timestamp::Timestamp;
