//! The task log as the engine sees it: the contract of `wit/tasks.wit` in Rust.
//!
//! Calls return at once, because the host answers them while the component waits; only the `watch`
//! functions wait, and those are futures. Implementations: the WIT imports in the SDK, and a map in
//! memory in the engine's own tests.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::wire::TaskState;

/// Largest checkpoint, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = 1024 * 1024;

/// One stored event: a `StreamResponse` in ProtoJSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// 1, 2, 3 … within its task.
    pub number: u64,
    /// ProtoJSON.
    pub payload: Vec<u8>,
}

/// A `Task` in ProtoJSON, its artifacts apart.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StoredSnapshot {
    /// The task without its artifacts.
    pub task: Vec<u8>,
    /// The array of artifacts.
    pub artifacts: Option<Vec<u8>>,
}

/// A stored task: the newest snapshot, and the events after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTask {
    /// Its id.
    pub id: String,
    /// Its conversation.
    pub context_id: String,
    /// Where it stands.
    pub state: TaskState,
    /// Milliseconds since the epoch.
    pub status_time: u64,
    /// The newest snapshot.
    pub snapshot: StoredSnapshot,
    /// The events that the snapshot does not contain.
    pub tail: Vec<StoredEvent>,
    /// The number of the newest event.
    pub newest: u64,
    /// True while a run holds it. Not while it is dispatched and that run has not begun.
    pub running: bool,
}

/// What one append writes, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `StreamResponse`s in ProtoJSON.
    pub events: Vec<Vec<u8>>,
    /// The state after them.
    pub state: TaskState,
    /// Milliseconds since the epoch.
    pub status_time: u64,
    /// The task after them; none leaves them in the tail.
    pub snapshot: Option<StoredSnapshot>,
    /// What the run that takes the task up is given, should this one be lost; none leaves what there
    /// is, and empty removes it.
    pub checkpoint: Option<Vec<u8>>,
}

/// Identifies a message for idempotent sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageKey {
    /// The client's `messageId`.
    pub id: String,
    /// SHA-256 of the message.
    pub digest: Vec<u8>,
}

/// A webhook for the events of a task (section 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushConfig {
    /// Unique within its task.
    pub id: String,
    /// Where events are posted to.
    pub url: String,
    /// Sent as `X-A2A-Notification-Token`.
    pub token: Option<String>,
    /// The scheme and the credentials of the `Authorization` header.
    pub authentication: Option<(String, String)>,
    /// The protocol version of the client that registered it, and so of what it is sent: `1.0` or
    /// `0.3`.
    pub protocol_version: String,
}

/// What `begin` opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A new task.
    Create {
        /// Its id.
        task_id: String,
        /// Its conversation.
        context_id: String,
        /// The message that begins it.
        message: Option<MessageKey>,
        /// Its first events.
        first: Change,
        /// A webhook that hears of these events too.
        push: Option<PushConfig>,
    },
    /// A task that exists and has not ended.
    Resume {
        /// Its id.
        task_id: String,
        /// The message that continues it.
        message: Option<MessageKey>,
        /// End the run that holds it now.
        take_over: bool,
        /// A webhook that hears of what follows.
        push: Option<PushConfig>,
    },
}

/// A run that began.
pub struct Started {
    /// The right to work on the task.
    pub run: Box<dyn Run>,
    /// The task as it stood, if it existed.
    pub task: Option<StoredTask>,
    /// What the run before left.
    pub checkpoint: Option<Vec<u8>>,
    /// The task was dispatched, and this run is the first to work on it since.
    pub dispatched: bool,
}

/// What `begin` gives.
pub enum Begun {
    /// A run.
    Started(Started),
    /// The message was sent before: the task that it began.
    Repeated(StoredTask),
}

/// Why the log refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No such task for this caller.
    #[error("no such task")]
    NotFound,
    /// The task has ended.
    #[error("the task is {}", .0.as_str())]
    Finished(TaskState),
    /// Another run holds the task.
    #[error("another run holds the task")]
    Busy,
    /// This run lost the task.
    #[error("this run lost the task")]
    Lost,
    /// An argument is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// A limit was reached.
    #[error("{0}")]
    TooLarge(String),
    /// The log cannot be reached.
    #[error("{0}")]
    Unavailable(String),
}

/// Where a dispatched run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In this instance, after the response.
    Here,
    /// In another request: this run is over.
    Elsewhere,
}

/// A listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only this conversation.
    pub context_id: Option<String>,
    /// Only this state.
    pub state: Option<TaskState>,
    /// Only at or after, in milliseconds since the epoch.
    pub status_since: Option<u64>,
    /// The last task of the page before.
    pub after: Option<Cursor>,
    /// 1 to 100.
    pub page_size: u32,
    /// Load artifacts too.
    pub include_artifacts: bool,
    /// Ends the page early.
    pub max_bytes: u64,
}

/// A position in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Milliseconds since the epoch.
    pub status_time: u64,
    /// Breaks ties.
    pub task_id: String,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Newest status first.
    pub tasks: Vec<StoredTask>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many match over all pages.
    pub total: u64,
}

/// The events after a number, and where the task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// At most 1,000.
    pub events: Vec<StoredEvent>,
    /// Where the task stands.
    pub state: TaskState,
    /// True while a run holds it.
    pub running: bool,
}

/// The right to work on one task. Dropping it before the task has ended or waits for its client gives
/// the task up: the host resumes or fails it.
pub trait Run {
    /// Appends events; gives the number of the newest.
    ///
    /// # Errors
    /// `Lost` when the task was taken over, `Finished` when it has ended.
    fn append(&self, change: Change) -> Result<u64, LogError>;
    /// True once somebody asked to cancel the task, or this run lost it.
    fn stopping(&self) -> bool;
    /// Ready when `stopping` may have become true.
    fn watch(&self) -> LocalBoxFuture<'static, ()>;
    /// Asks for the work to go on after the response. Where that is elsewhere, the run that follows is
    /// given the checkpoint; none leaves what there is.
    ///
    /// # Errors
    /// When no place for it can be had.
    fn dispatch(&self, checkpoint: Option<&[u8]>) -> Result<Placement, LogError>;
}

/// The log of one tenant for the caller of this request.
pub trait TaskLog {
    /// Creates or continues a task.
    ///
    /// # Errors
    /// See [`LogError`].
    fn begin(&self, opening: Opening) -> Result<Begun, LogError>;
    /// Reads a task.
    ///
    /// # Errors
    /// See [`LogError`].
    fn get(&self, id: &str) -> Result<StoredTask, LogError>;
    /// Reads a page of tasks.
    ///
    /// # Errors
    /// See [`LogError`].
    fn list(&self, query: Query) -> Result<Page, LogError>;
    /// Reads the events after a number.
    ///
    /// # Errors
    /// See [`LogError`].
    fn events(&self, id: &str, after: u64) -> Result<Progress, LogError>;
    /// Ready when there may be an event after `after`, or the run may have ended.
    ///
    /// # Errors
    /// See [`LogError`].
    fn watch(&self, id: &str, after: u64) -> Result<LocalBoxFuture<'static, ()>, LogError>;
    /// Tells the run that holds the task to stop.
    ///
    /// # Errors
    /// See [`LogError`].
    fn cancel(&self, id: &str) -> Result<(), LogError>;
    /// Stores a webhook for a task. One of the same id is replaced.
    ///
    /// # Errors
    /// `NotFound` for an unknown task, `TooLarge` when it has as many as it may.
    fn put_push_config(&self, task_id: &str, config: PushConfig) -> Result<(), LogError>;
    /// The webhooks of a task, by id.
    ///
    /// # Errors
    /// `NotFound` for an unknown task.
    fn push_configs(&self, task_id: &str) -> Result<Vec<PushConfig>, LogError>;
    /// Removes a webhook. One that does not exist is as good as removed.
    ///
    /// # Errors
    /// `NotFound` for an unknown task.
    fn delete_push_config(&self, task_id: &str, id: &str) -> Result<(), LogError>;
    /// Reads what an agent kept for a conversation.
    ///
    /// # Errors
    /// See [`LogError`].
    fn read_state(&self, context_id: &str, key: &str) -> Result<Option<Vec<u8>>, LogError>;
    /// Keeps something for a conversation; none removes it.
    ///
    /// # Errors
    /// See [`LogError`].
    fn write_state(
        &self,
        context_id: &str,
        key: &str,
        value: Option<&[u8]>,
    ) -> Result<(), LogError>;
}

/// A log that is shared within one request.
pub type SharedLog = Rc<dyn TaskLog>;
