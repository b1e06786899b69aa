//! The record of one run: the task as it stands, and what of it is not stored yet.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

use futures_channel::mpsc::UnboundedSender;
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};

use super::Frame;
use crate::error::{Error, ErrorKind};
use crate::log::{
    Begun, Change, LogError, MessageKey, Opening, Placement, PushConfig, Run, SharedLog, Started,
    StoredSnapshot, StoredTask,
};
use crate::platform::{Platform, new_id};
use crate::wire::{
    Artifact, Message, Part, Role, StreamResponse, Task, TaskArtifactUpdateEvent, TaskState,
    TaskStatus, TaskStatusUpdateEvent, Timestamp, nested_deeper,
};

/// Events that follow each other within this many milliseconds are written together.
const GATHER_MS: u64 = 2;
/// A snapshot is taken after this many events or bytes even when the status stays the same.
const TAIL_EVENTS: usize = 64;
const TAIL_BYTES: usize = 256 * 1024;
/// How deep an event may be nested: what a client may send, within an artifact.
const MAX_DEPTH: usize = 110;
/// How much metadata a run may set: it is in every status and every list of tasks.
const MAX_METADATA_BYTES: usize = 64 * 1024;
const MAX_METADATA_DEPTH: usize = 32;

/// The stream of a run, and how much history its reader wants in the task that it begins with.
pub(crate) struct FrameSender {
    frames: UnboundedSender<Result<Frame, Error>>,
    history_length: Option<i32>,
}

impl FrameSender {
    pub(crate) fn new(
        frames: UnboundedSender<Result<Frame, Error>>,
        history_length: Option<i32>,
    ) -> Self {
        Self {
            frames,
            history_length,
        }
    }
}

/// What became of a flush.
pub(crate) enum Flushed {
    /// Everything is stored.
    Stored,
    /// The message that begins this task was sent before.
    Repeated(StoredTask),
}

/// Shared between the agent's context and the driver.
#[derive(Clone)]
pub(crate) struct Recorder(Rc<RefCell<Record>>);

struct Record {
    platform: Rc<dyn Platform>,
    log: SharedLog,
    task: Task,
    key: Option<MessageKey>,
    push: Option<PushConfig>,
    run: Option<Box<dyn Run>>,
    watch: Option<LocalBoxFuture<'static, ()>>,
    begun: bool,
    pending: Vec<Vec<u8>>,
    /// Replaces the checkpoint in the log; empty removes it.
    checkpoint: Option<Vec<u8>>,
    /// The first frame of the stream: the task before its first event.
    opening: Option<Vec<u8>>,
    frames: Option<FrameSender>,
    newest: u64,
    tail_events: usize,
    tail_bytes: usize,
    status_changed: bool,
    metadata: Metadata,
    flushed_at: u64,
}

/// What a run sets of its task's metadata.
#[derive(Default)]
struct Metadata {
    /// All of it.
    set: Map<String, Value>,
    /// What no event has said so far. The next status does.
    unsaid: Map<String, Value>,
    /// No snapshot has it so far.
    changed: bool,
    /// Why the last of it cannot be kept.
    refused: Option<LogError>,
}

impl Metadata {
    /// False when it cannot be kept.
    fn set(&mut self, key: &str, value: &Value) -> bool {
        let mut set = self.set.clone();
        set.insert(key.to_owned(), value.clone());
        // Maps with string keys always print.
        let printed = serde_json::to_vec(&set).unwrap_or_default();
        if printed.len() > MAX_METADATA_BYTES {
            self.refused = Some(LogError::TooLarge(format!(
                "The metadata of the task has {} bytes: the limit is {MAX_METADATA_BYTES}.",
                printed.len()
            )));
            return false;
        }
        if nested_deeper(&printed, MAX_METADATA_DEPTH) {
            self.refused = Some(LogError::Invalid(format!(
                "The metadata of the task is nested deeper than {MAX_METADATA_DEPTH} levels."
            )));
            return false;
        }
        self.set = set;
        self.unsaid.insert(key.to_owned(), value.clone());
        self.changed = true;
        true
    }
}

impl Recorder {
    /// A record of a task that does not exist yet.
    pub(crate) fn create(
        platform: Rc<dyn Platform>,
        log: SharedLog,
        message: Message,
        key: MessageKey,
        push: Option<PushConfig>,
        frames: Option<FrameSender>,
    ) -> Self {
        let task = Task {
            id: message.task_id.clone(),
            context_id: message.context_id.clone(),
            history: vec![message],
            ..Task::default()
        };
        let mut record = Record::new(platform, log, task, Some(key), frames);
        record.push = push;
        record.status(TaskState::Submitted, Vec::new());
        record.keep_opening();
        Self(Rc::new(RefCell::new(record)))
    }

    /// A record of a task that goes on: with a message, or from where a lost run left it.
    pub(crate) fn resume(
        platform: Rc<dyn Platform>,
        log: SharedLog,
        run: Box<dyn Run>,
        task: Task,
        newest: u64,
        message: Option<Message>,
        frames: Option<FrameSender>,
    ) -> Self {
        let mut record = Record::new(platform, log, task, None, frames);
        record.begun = true;
        record.run = Some(run);
        record.newest = newest;
        if let Some(message) = message {
            record.status(TaskState::Working, Vec::new());
            record.task.history.push(message);
            record.keep_opening();
        }
        Self(Rc::new(RefCell::new(record)))
    }

    /// The task as it stands.
    pub(crate) fn task(&self) -> Task {
        self.0.borrow().task.clone()
    }

    /// The number of the newest stored event.
    pub(crate) fn newest(&self) -> u64 {
        self.0.borrow().newest
    }

    /// True once the task exists or is about to: something was emitted.
    pub(crate) fn has_task(&self) -> bool {
        let record = self.0.borrow();
        record.begun || record.pending.len() > 1
    }

    /// Sends a direct message to the stream, if there is one.
    pub(crate) fn answer(&self, parts: Vec<Part>) -> Message {
        let record = self.0.borrow();
        let mut message = record.message(parts);
        message.task_id = String::new();
        message.metadata.clone_from(&record.task.metadata);
        let frame = serde_json::to_vec(&StreamResponse::Message(message.clone()));
        record.send(
            frame
                .map(|payload| Frame {
                    number: None,
                    payload,
                })
                .map_err(unprintable),
        );
        message
    }

    /// Passes a stored event on to the stream, if there is one.
    pub(crate) fn forward(&self, frame: Result<Frame, Error>) {
        self.0.borrow().send(frame);
    }

    pub(crate) async fn working(&self, parts: Vec<Part>) {
        self.set_status(TaskState::Working, parts);
        self.gather().await;
    }

    pub(crate) async fn artifact(&self, artifact: Artifact, append: bool, last_chunk: bool) {
        {
            let mut record = self.0.borrow_mut();
            let event = StreamResponse::ArtifactUpdate(TaskArtifactUpdateEvent {
                task_id: record.task.id.clone(),
                context_id: record.task.context_id.clone(),
                artifact,
                append,
                last_chunk,
                metadata: None,
            });
            record.emit(event);
        }
        self.gather().await;
    }

    /// Changes the status; it is stored with the next flush.
    pub(crate) fn set_status(&self, state: TaskState, parts: Vec<Part>) {
        self.0.borrow_mut().status(state, parts);
    }

    /// Sets a key of the task's metadata; it is stored with the next flush that stores anything.
    pub(crate) fn set_metadata(&self, key: &str, value: Value) {
        let mut record = self.0.borrow_mut();
        if record.metadata.set(key, &value) {
            let metadata = record.task.metadata.get_or_insert_default();
            metadata.insert(key.to_owned(), value);
        }
    }

    /// Replaces what the next run is given, with the next flush.
    pub(crate) fn keep(&self, checkpoint: Vec<u8>) {
        self.0.borrow_mut().checkpoint = Some(checkpoint);
    }

    /// Lets the driver store what is pending.
    pub(crate) async fn flush_now(&self) {
        let mut yielded = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    async fn gather(&self) {
        let due = {
            let record = self.0.borrow();
            record.pending.len() >= TAIL_EVENTS
                || record.platform.now() >= record.flushed_at.saturating_add(GATHER_MS)
        };
        if due {
            self.flush_now().await;
        }
    }

    /// Stores what is pending and hands it to the stream.
    pub(crate) fn flush(&self) -> Result<Flushed, LogError> {
        self.0.borrow_mut().flush()
    }

    /// Replaces what could not be stored by the task as the log has it, so that it can be failed.
    pub(crate) fn restore(&self, task: Task) {
        let mut record = self.0.borrow_mut();
        record.pending.clear();
        record.checkpoint = None;
        record.task = task;
        record.metadata.refused = None;
        record.metadata.unsaid = record.metadata.set.clone();
    }

    /// Asks for the work to go on after the response: elsewhere with this checkpoint.
    pub(crate) fn dispatch(&self, checkpoint: Option<&[u8]>) -> Result<Placement, LogError> {
        self.0
            .borrow()
            .run
            .as_ref()
            .map_or(Ok(Placement::Here), |run| run.dispatch(checkpoint))
    }

    /// Ready when the run has to stop: somebody cancels the task, or it was taken over.
    pub(crate) fn poll_stop(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        let mut record = self.0.borrow_mut();
        let record = &mut *record;
        let Some(run) = &record.run else {
            return Poll::Pending;
        };
        loop {
            let watch = record.watch.get_or_insert_with(|| run.watch());
            match watch.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => record.watch = None,
            }
            if run.stopping() {
                return Poll::Ready(());
            }
        }
    }
}

impl Record {
    fn new(
        platform: Rc<dyn Platform>,
        log: SharedLog,
        task: Task,
        key: Option<MessageKey>,
        frames: Option<FrameSender>,
    ) -> Self {
        let flushed_at = platform.now();
        Self {
            platform,
            log,
            task,
            key,
            push: None,
            run: None,
            watch: None,
            begun: false,
            pending: Vec::new(),
            checkpoint: None,
            opening: None,
            frames,
            newest: 0,
            tail_events: 0,
            tail_bytes: 0,
            status_changed: false,
            metadata: Metadata::default(),
            flushed_at,
        }
    }

    fn keep_opening(&mut self) {
        if let Some(frames) = &self.frames {
            let mut task = self.task.clone();
            task.limit_history(frames.history_length);
            self.opening = serde_json::to_vec(&StreamResponse::Task(task)).ok();
        }
    }

    fn message(&self, parts: Vec<Part>) -> Message {
        Message {
            message_id: new_id(&*self.platform),
            context_id: self.task.context_id.clone(),
            task_id: self.task.id.clone(),
            role: Role::Agent,
            parts,
            ..Message::default()
        }
    }

    fn status(&mut self, state: TaskState, parts: Vec<Part>) {
        let message = (!parts.is_empty()).then(|| self.message(parts));
        // Timestamps never go back within a task, whatever the clock does.
        let now =
            Timestamp(self.platform.now()).max(self.task.status.timestamp.unwrap_or_default());
        let event = StreamResponse::StatusUpdate(TaskStatusUpdateEvent {
            task_id: self.task.id.clone(),
            context_id: self.task.context_id.clone(),
            status: TaskStatus {
                state,
                message,
                timestamp: Some(now),
            },
            metadata: (!self.metadata.unsaid.is_empty())
                .then(|| std::mem::take(&mut self.metadata.unsaid)),
        });
        self.status_changed = true;
        self.emit(event);
    }

    fn emit(&mut self, event: StreamResponse) {
        // Maps with string keys always print.
        if let Ok(payload) = serde_json::to_vec(&event) {
            self.pending.push(payload);
        }
        self.task.apply(event);
    }

    fn flush(&mut self) -> Result<Flushed, LogError> {
        self.flushed_at = self.platform.now();
        if let Some(refused) = self.metadata.refused.take() {
            return Err(refused);
        }
        if self.begun && self.pending.is_empty() && self.checkpoint.is_none() {
            return Ok(Flushed::Stored);
        }
        if self.pending.iter().any(|e| nested_deeper(e, MAX_DEPTH)) {
            // What is stored has to be readable again, and parsers stop at 128.
            let why = format!("The agent emitted data nested deeper than {MAX_DEPTH} levels.");
            return Err(LogError::Invalid(why));
        }
        let events = std::mem::take(&mut self.pending);
        self.tail_events += events.len();
        self.tail_bytes += events.iter().map(Vec::len).sum::<usize>();
        let whole = !self.begun
            || self.status_changed
            || self.metadata.changed
            || self.tail_events >= TAIL_EVENTS
            || self.tail_bytes >= TAIL_BYTES;
        let change = Change {
            events: if self.frames.is_some() {
                events.clone()
            } else {
                events
            },
            state: self.task.status.state,
            status_time: self.task.status.timestamp.unwrap_or_default().0,
            snapshot: whole.then(|| snapshot(&mut self.task)).transpose()?,
            checkpoint: self.checkpoint.take(),
        };
        if whole {
            (self.tail_events, self.tail_bytes, self.status_changed) = (0, 0, false);
            self.metadata.changed = false;
        }
        let sent = if self.frames.is_some() {
            change.events.clone()
        } else {
            Vec::new()
        };
        let first = self.newest + 1;
        if let Some(run) = &self.run {
            self.newest = run.append(change)?;
        } else {
            self.newest = change.events.len() as u64;
            let opening = Opening::Create {
                task_id: self.task.id.clone(),
                context_id: self.task.context_id.clone(),
                message: self.key.take(),
                first: change,
                push: self.push.take(),
            };
            match self.log.begin(opening)? {
                Begun::Started(Started { run, .. }) => self.run = Some(run),
                Begun::Repeated(task) => return Ok(Flushed::Repeated(task)),
            }
            self.begun = true;
        }
        self.stream(first, sent);
        let state = self.task.status.state;
        if state.is_terminal() || state.is_interrupted() {
            (self.run, self.watch) = (None, None);
        }
        Ok(Flushed::Stored)
    }

    /// The first frame shows the task with its first event already in it.
    fn stream(&mut self, first: u64, events: Vec<Vec<u8>>) {
        let mut number = first;
        let mut events = events.into_iter();
        if let Some(payload) = self.opening.take() {
            let _ = events.next();
            self.send(Ok(Frame {
                number: Some(number),
                payload,
            }));
            number += 1;
        }
        for payload in events {
            self.send(Ok(Frame {
                number: Some(number),
                payload,
            }));
            number += 1;
        }
    }

    fn send(&self, frame: Result<Frame, Error>) {
        if let Some(stream) = &self.frames {
            // The reader may be gone; the task goes on.
            let _ = stream.frames.unbounded_send(frame);
        }
    }
}

/// The task in two parts. Its artifacts are taken out for a moment rather than copied.
fn snapshot(task: &mut Task) -> Result<StoredSnapshot, LogError> {
    let artifacts = task.artifacts.take();
    let printed = serde_json::to_vec(task);
    let printed_artifacts = artifacts.as_ref().map(serde_json::to_vec).transpose();
    task.artifacts = artifacts;
    let unprintable = |error: serde_json::Error| LogError::Invalid(error.to_string());
    Ok(StoredSnapshot {
        task: printed.map_err(unprintable)?,
        artifacts: printed_artifacts.map_err(unprintable)?,
    })
}

fn unprintable(error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::InvalidAgentResponse,
        format!("The answer cannot be printed: {error}."),
    )
}
