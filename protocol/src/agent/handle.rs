//! A way to the task for what works beside the agent's own code, such as the tools of a model.

use crate::log::{LogError, SharedLog};
use crate::run::Recorder;
use crate::wire::Artifact;

/// Emits into the task of one turn, and keeps things for its conversation, as
/// [`Context`](super::Context) does. Clones are for the same turn, so several can be at work at the
/// same time.
#[derive(Clone)]
pub struct Handle {
    pub(super) context_id: String,
    pub(super) task_id: String,
    pub(super) baggage: String,
    pub(super) log: SharedLog,
    pub(super) recorder: Recorder,
}

impl Handle {
    /// The id of the task.
    pub fn task_id(&self) -> &str {
        &self.task_id
    }

    /// The id of the conversation.
    pub fn context_id(&self) -> &str {
        &self.context_id
    }

    /// See [`Context::baggage`](super::Context::baggage).
    pub fn baggage(&self) -> &str {
        &self.baggage
    }

    /// Emits a whole artifact.
    pub async fn artifact(&self, artifact: Artifact) {
        self.recorder.artifact(artifact, false, true).await;
    }

    /// Emits a piece of an artifact: the first piece begins it, further ones add their parts.
    pub async fn artifact_chunk(&self, artifact: Artifact, first: bool, last: bool) {
        self.recorder.artifact(artifact, !first, last).await;
    }

    /// Stores and streams what was emitted so far.
    pub async fn flush(&self) {
        self.recorder.flush_now().await;
    }

    /// Reads what was kept for this conversation under a key.
    ///
    /// # Errors
    /// When the log cannot be reached.
    pub fn state(&self, key: &str) -> Result<Option<Vec<u8>>, LogError> {
        self.log.read_state(&self.context_id, key)
    }

    /// Keeps something for this conversation. See [`Context::set_state`](super::Context::set_state).
    ///
    /// # Errors
    /// When a limit is reached or the log cannot be reached.
    pub fn set_state(&self, key: &str, value: Option<&[u8]>) -> Result<(), LogError> {
        self.log.write_state(&self.context_id, key, value)
    }
}
