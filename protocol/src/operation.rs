//! The operations of section 3.1, one file each. They take the request as JSON or gRPC carried it and
//! give an answer that no binding has shaped yet.

mod cancel_task;
mod create_task_push_notification_config;
mod delete_task_push_notification_config;
mod get_extended_agent_card;
mod get_task;
mod get_task_push_notification_config;
mod list_task_push_notification_configs;
mod list_tasks;
mod page_token;
mod push_config;
mod send_message;
mod send_streaming_message;
mod subscribe_to_task;
mod turn;

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;

pub(crate) use cancel_task::cancel_task;
pub(crate) use create_task_push_notification_config::create_task_push_notification_config;
pub(crate) use delete_task_push_notification_config::delete_task_push_notification_config;
pub(crate) use get_extended_agent_card::get_extended_agent_card;
pub(crate) use get_task::get_task;
pub(crate) use get_task_push_notification_config::get_task_push_notification_config;
pub(crate) use list_task_push_notification_configs::list_task_push_notification_configs;
pub(crate) use list_tasks::list_tasks;
pub(crate) use send_message::send_message;
pub(crate) use send_streaming_message::send_streaming_message;
pub(crate) use subscribe_to_task::subscribe_to_task;
pub(crate) use turn::resume;

use crate::agent::Agent;
use crate::error::{Error, ErrorKind};
use crate::log::SharedLog;
use crate::platform::Platform;
use crate::run::Frame;
use crate::version::Version;
use crate::wire::{
    AgentCard, ListTaskPushNotificationConfigsResponse, ListTasksResponse, SendMessageResponse,
    Task, TaskPushNotificationConfig,
};

/// Ids that clients choose end up in indexes and logs.
const MAX_ID_CHARS: usize = 256;

/// What every operation may need of the request and its surroundings.
pub(crate) struct Call<A> {
    pub(crate) agent: Rc<A>,
    pub(crate) platform: Rc<dyn Platform>,
    /// The version that the client speaks.
    pub(crate) version: Version,
    /// The agent's own card, for what it declares.
    pub(crate) card: AgentCard,
    /// The extensions that the client named and the card declares.
    pub(crate) extensions: Vec<String>,
    /// Where a stream goes on, if it was interrupted.
    pub(crate) last_event_id: Option<u64>,
    /// The W3C `baggage` of the request.
    pub(crate) baggage: String,
}

/// The events of a stream, before a binding frames them.
pub(crate) type Frames = LocalBoxStream<'static, Result<Frame, Error>>;

/// What an operation answers.
pub(crate) enum Reply {
    Sent(SendMessageResponse),
    Task(Task),
    Tasks(ListTasksResponse),
    Stream(Frames),
    PushConfig(TaskPushNotificationConfig),
    PushConfigs(ListTaskPushNotificationConfigsResponse),
    /// The card that only authenticated callers see.
    Card(Box<AgentCard>),
    /// `google.protobuf.Empty`.
    Empty,
}

/// An answer, and the work that goes on beside and after it.
pub(crate) struct Answered {
    pub(crate) reply: Reply,
    pub(crate) after: Option<LocalBoxFuture<'static, ()>>,
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self { reply, after: None }
    }
}

impl<A: Agent> Call<A> {
    pub(crate) fn log(&self, tenant: &str) -> SharedLog {
        self.platform.log(tenant)
    }

    /// Capabilities are enforced, never only declared (section 3.3.4).
    fn require_streaming(&self) -> Result<(), Error> {
        if self.card.capabilities.streaming == Some(false) {
            return Err(Error::new(
                ErrorKind::UnsupportedOperation,
                "This agent does not stream (capabilities.streaming of its card is false). Use \
                 SendMessage and GetTask.",
            ));
        }
        Ok(())
    }

    /// A client has to name every extension that the card requires (section 4.6).
    fn require_extensions(&self) -> Result<(), Error> {
        let missing = self
            .card
            .capabilities
            .extensions
            .iter()
            .find(|e| e.required && !self.extensions.contains(&e.uri));
        match missing {
            None => Ok(()),
            Some(extension) => Err(Error::new(
                ErrorKind::ExtensionSupportRequired,
                format!(
                    "This agent requires the extension {:?}; name it in the header \
                     A2A-Extensions.",
                    extension.uri
                ),
            )
            .with("extension", extension.uri.clone())),
        }
    }
}

/// The rules for an id that a client chooses.
fn check_id(id: &str) -> Result<(), String> {
    let chars = id.chars().take(MAX_ID_CHARS + 1).count();
    if chars > MAX_ID_CHARS || id.chars().any(char::is_control) {
        return Err(format!(
            "must be at most {MAX_ID_CHARS} characters, none of them control characters"
        ));
    }
    Ok(())
}

/// A required id.
fn require_id(field: &str, id: &str) -> Result<(), Error> {
    if id.is_empty() {
        return Err(Error::field(field, "is required"));
    }
    Ok(())
}

/// `historyLength` counts messages.
fn require_history_length(field: &str, length: Option<i32>) -> Result<(), Error> {
    match length {
        Some(length) if length < 0 => Err(Error::field(
            field,
            format!("must be 0 or more, and is {length}"),
        )),
        _ => Ok(()),
    }
}
