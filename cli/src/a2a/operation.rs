//! What can be asked of a server, whatever it speaks.

use attache_protocol::wire::{Message, TaskState};

/// An operation of A2A.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    SendMessage(Sending),
    SendStreamingMessage(Sending),
    GetTask {
        id: String,
        history_length: Option<u32>,
    },
    ListTasks(Listing),
    CancelTask {
        id: String,
    },
    SubscribeToTask {
        id: String,
    },
    CreatePushConfig(PushConfig),
    GetPushConfig {
        task_id: String,
        id: String,
    },
    ListPushConfigs {
        task_id: String,
    },
    DeletePushConfig {
        task_id: String,
        id: String,
    },
    GetExtendedCard,
}

/// A message, and how it is to be answered.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    pub(crate) message: Message,
    pub(crate) accepted_output_modes: Vec<String>,
    pub(crate) history_length: Option<u32>,
    pub(crate) return_immediately: bool,
}

/// Which tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) context_id: Option<String>,
    pub(crate) state: Option<TaskState>,
    pub(crate) page_size: Option<u32>,
    pub(crate) page_token: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) include_artifacts: bool,
    pub(crate) history_length: Option<u32>,
}

/// A webhook for a task.
#[derive(Debug, Clone, Default)]
pub(crate) struct PushConfig {
    pub(crate) task_id: String,
    pub(crate) id: Option<String>,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    /// The scheme, and what follows it.
    pub(crate) authentication: Option<(String, String)>,
}

impl Operation {
    /// Its name in the specification.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::SendMessage(_) => "SendMessage",
            Self::SendStreamingMessage(_) => "SendStreamingMessage",
            Self::GetTask { .. } => "GetTask",
            Self::ListTasks(_) => "ListTasks",
            Self::CancelTask { .. } => "CancelTask",
            Self::SubscribeToTask { .. } => "SubscribeToTask",
            Self::CreatePushConfig(_) => "CreateTaskPushNotificationConfig",
            Self::GetPushConfig { .. } => "GetTaskPushNotificationConfig",
            Self::ListPushConfigs { .. } => "ListTaskPushNotificationConfigs",
            Self::DeletePushConfig { .. } => "DeleteTaskPushNotificationConfig",
            Self::GetExtendedCard => "GetExtendedAgentCard",
        }
    }

    /// True when events are answered.
    pub(super) fn is_streaming(&self) -> bool {
        matches!(
            self,
            Self::SendStreamingMessage(_) | Self::SubscribeToTask { .. }
        )
    }
}
