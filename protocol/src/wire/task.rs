//! `Task`, its status and artifacts, and the events that change it (sections 4.1.1 to 4.2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lenient::{self, proto_enum};
use super::{Message, Part, Timestamp};

proto_enum! {
    /// Where a task stands.
    TaskState {
        /// Not set.
        #[default]
        Unspecified = 0 "TASK_STATE_UNSPECIFIED",
        /// Accepted, not begun.
        Submitted = 1 "TASK_STATE_SUBMITTED",
        /// In work.
        Working = 2 "TASK_STATE_WORKING",
        /// Done. Terminal.
        Completed = 3 "TASK_STATE_COMPLETED",
        /// Ended by an error. Terminal.
        Failed = 4 "TASK_STATE_FAILED",
        /// Ended at the client's wish. Terminal.
        Canceled = 5 "TASK_STATE_CANCELED",
        /// Waits for another message. Interrupted.
        InputRequired = 6 "TASK_STATE_INPUT_REQUIRED",
        /// Not accepted by the agent. Terminal.
        Rejected = 7 "TASK_STATE_REJECTED",
        /// Waits for an authorisation. Interrupted.
        AuthRequired = 8 "TASK_STATE_AUTH_REQUIRED",
    }
}

impl TaskState {
    /// A terminal task never changes again (section 3.4).
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Canceled | Self::Rejected
        )
    }

    /// An interrupted task waits for the client.
    pub fn is_interrupted(self) -> bool {
        matches!(self, Self::InputRequired | Self::AuthRequired)
    }
}

/// The state of a task, when it was reached, and what the agent says of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskStatus {
    /// The state.
    pub state: TaskState,
    /// The agent's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// When the state was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
}

/// Something that the agent made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Artifact {
    /// Unique within its task.
    #[serde(alias = "artifact_id", deserialize_with = "lenient::or_default")]
    pub artifact_id: String,
    /// A name for people; a refined version keeps it.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub name: String,
    /// What it is.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub description: String,
    /// At least one.
    #[serde(deserialize_with = "lenient::or_default")]
    pub parts: Vec<Part>,
    /// Data of the agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// URIs of extensions that contributed to it.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub extensions: Vec<String>,
}

impl Artifact {
    /// An artifact with this id and these parts.
    pub fn new(artifact_id: impl Into<String>, parts: Vec<Part>) -> Self {
        Self {
            artifact_id: artifact_id.into(),
            parts,
            ..Self::default()
        }
    }

    /// An artifact of one text part.
    pub fn text(artifact_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(artifact_id, vec![Part::text(text)])
    }

    /// The same artifact with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// A unit of work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Task {
    /// Made by the server.
    pub id: String,
    /// The conversation that it belongs to.
    #[serde(alias = "context_id", skip_serializing_if = "String::is_empty")]
    pub context_id: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// What it has produced. None where they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Vec<Artifact>>,
    /// The messages of it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Message>,
    /// Data of the agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

impl Task {
    /// Changes the task as one event says. A status replaces the one before, whose message moves into
    /// the history; an artifact replaces or extends the one with its id.
    pub fn apply(&mut self, event: StreamResponse) {
        match event {
            StreamResponse::StatusUpdate(update) => {
                let before = std::mem::replace(&mut self.status, update.status);
                self.history.extend(before.message);
                merge(&mut self.metadata, update.metadata);
            }
            StreamResponse::ArtifactUpdate(update) => {
                let artifacts = self.artifacts.get_or_insert_default();
                apply_artifact(artifacts, update.artifact, update.append);
            }
            StreamResponse::Task(task) => *self = task,
            StreamResponse::Message(_) => {}
        }
    }

    /// Keeps the newest messages of the history, as `historyLength` says (section 3.2.4).
    pub fn limit_history(&mut self, length: Option<i32>) {
        if let Some(length) = length {
            let keep = usize::try_from(length).unwrap_or(0);
            let surplus = self.history.len().saturating_sub(keep);
            self.history.drain(..surplus);
        }
    }
}

fn apply_artifact(artifacts: &mut Vec<Artifact>, update: Artifact, append: bool) {
    match artifacts
        .iter_mut()
        .find(|a| a.artifact_id == update.artifact_id)
    {
        Some(artifact) if append => {
            artifact.parts.extend(update.parts);
            merge(&mut artifact.metadata, update.metadata);
            if !update.name.is_empty() {
                artifact.name = update.name;
            }
            if !update.description.is_empty() {
                artifact.description = update.description;
            }
        }
        Some(artifact) => *artifact = update,
        // An append to an artifact that is not there yet begins it: nothing is lost.
        None => artifacts.push(update),
    }
}

fn merge(into: &mut Option<Map<String, Value>>, from: Option<Map<String, Value>>) {
    if let Some(from) = from {
        into.get_or_insert_default().extend(from);
    }
}

/// A change of status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskStatusUpdateEvent {
    /// The task.
    #[serde(alias = "task_id")]
    pub task_id: String,
    /// Its conversation.
    #[serde(alias = "context_id")]
    pub context_id: String,
    /// The new status.
    pub status: TaskStatus,
    /// Merged into the task's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// An artifact, or a further piece of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskArtifactUpdateEvent {
    /// The task.
    #[serde(alias = "task_id")]
    pub task_id: String,
    /// Its conversation.
    #[serde(alias = "context_id")]
    pub context_id: String,
    /// The artifact, or the parts to add.
    pub artifact: Artifact,
    /// True to add the parts to the artifact with this id.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub append: bool,
    /// True when no further piece follows.
    #[serde(alias = "last_chunk", skip_serializing_if = "std::ops::Not::not")]
    pub last_chunk: bool,
    /// Data of the agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// One event of a stream (section 3.2.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StreamResponse {
    /// The task as it stands.
    Task(Task),
    /// A direct answer: nothing follows.
    Message(Message),
    /// A change of status.
    StatusUpdate(TaskStatusUpdateEvent),
    /// An artifact, or a further piece of one.
    ArtifactUpdate(TaskArtifactUpdateEvent),
}
