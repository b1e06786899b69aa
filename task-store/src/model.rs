//! Tasks, runs and what is written to them: the records of the contract.

use crate::{PushConfig, State};

/// Whose tasks an operation sees. There is no operation on the tasks of another scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The tenant of the request, as the route names it; empty when the agent has no tenants.
    pub tenant: String,
    /// The authenticated caller; empty for an anonymous one.
    pub owner: String,
}

/// One event of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3 … within its task, without gaps.
    pub number: u64,
    /// A `StreamResponse` in ProtoJSON.
    pub payload: Vec<u8>,
}

/// A `Task` in ProtoJSON, in two parts so that a listing need not read the artifacts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The `Task` without its `artifacts`.
    pub task: Vec<u8>,
    /// The JSON array of artifacts; none when there are none, or when they were not asked for.
    pub artifacts: Option<Vec<u8>>,
}

/// A stored task: the newest snapshot, and the events appended after it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Unique within a scope.
    pub id: String,
    /// The conversation that the task belongs to.
    pub context_id: String,
    /// The state after the newest event.
    pub state: State,
    /// When the state was reached, in milliseconds since the epoch.
    pub status_time: u64,
    /// The task as of some event.
    pub snapshot: Snapshot,
    /// The events that the snapshot does not contain yet, oldest first.
    pub tail: Vec<Event>,
    /// The number of the newest event, 0 before the first.
    pub newest: u64,
    /// True while a run holds the task and its lease has not ended. Not while it is dispatched and
    /// that run has not begun: there is nobody to ask then.
    pub running: bool,
}

/// What one append writes, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The payloads of the new events, oldest first. May be empty.
    pub events: Vec<Vec<u8>>,
    /// The state after them. A terminal or interrupted one ends the run.
    pub state: State,
    /// When that state was reached, in milliseconds since the epoch.
    pub status_time: u64,
    /// The task after these events. None leaves them in the tail, which is cheaper when they are
    /// many and small. The first change of a task needs one.
    pub snapshot: Option<Snapshot>,
    /// What the run that takes the task up is given, should this one be lost. None leaves what there
    /// is, and empty removes it, as does a state that ends the run.
    pub checkpoint: Option<Vec<u8>>,
}

/// Identifies a message, so that a send that is repeated finds the task that it began.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageKey {
    /// The `messageId`.
    pub id: String,
    /// A digest of the whole message: the same id with another body is another message.
    pub digest: Vec<u8>,
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// With a task that does not exist yet.
    Create {
        /// The id of the new task.
        task_id: String,
        /// The conversation that it belongs to.
        context_id: String,
        /// The message that asks for it; none is never found repeated.
        message: Option<MessageKey>,
        /// The first events, state and snapshot.
        first: Change,
        /// A webhook that hears of the first events too.
        push: Option<PushConfig>,
    },
    /// With a task that exists and has not ended.
    Resume {
        /// The task.
        task_id: String,
        /// The message that continues it; none is never found repeated.
        message: Option<MessageKey>,
        /// End the run that holds the task now. Its next append fails with [`crate::Error::Lost`].
        take_over: bool,
        /// A webhook that hears of what follows. One of the same id is replaced.
        push: Option<PushConfig>,
    },
}

/// The right to write to one task, until the lease ends or somebody takes the task over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The conversation that it belongs to.
    pub context_id: String,
    /// Which run of the task this is. Only the run with the newest number may write.
    pub fence: i64,
}

/// What [`crate::Begin`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// A run began.
    Started {
        /// The right to write to the task.
        lease: Lease,
        /// The task as it stands, when it existed before.
        task: Option<Task>,
        /// What the run before left.
        checkpoint: Option<Vec<u8>>,
        /// The task was dispatched, and this run is the first to work on it since.
        dispatched: bool,
    },
    /// This message was sent before, within the idempotency window: the task that it began or
    /// continued, as it stands.
    Repeated(Task),
}

/// What became of one lease in [`crate::Renew`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The run still holds the task.
    Held {
        /// Somebody asked to cancel the task.
        cancel_requested: bool,
    },
    /// The run is over: taken over, or ended by its own last change.
    Lost,
}

/// The events after a number, and where the task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Oldest first. There may be more: ask again after the last one until none come.
    pub events: Vec<Event>,
    /// The state after the newest event of the task, which `events` need not contain.
    pub state: State,
    /// As in [`Task`].
    pub running: bool,
}
