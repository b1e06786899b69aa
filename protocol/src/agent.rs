//! What an agent author writes: [`Agent`], and what it is given: [`Context`].

mod handle;

use std::fmt;
use std::future::Future;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::log::{LogError, SharedLog};
use crate::platform::{Caller, Platform};
use crate::run::{Recorder, Terms};
use crate::wire::{AgentCard, Artifact, Message, Part, Task};

pub use handle::Handle;

/// An A2A agent. The engine does the protocol; the agent does the work.
pub trait Agent: 'static {
    /// What the agent says of itself. The engine adds where it is reached and what it can do.
    fn card(&self) -> AgentCard;

    /// Works on one message and says how the turn ended.
    ///
    /// What is emitted through `context` is stored and streamed on the way. When the client cancels
    /// the task, the future is dropped at its next `await`: whatever it holds, such as a connection
    /// to a model, ends with it.
    fn run(&self, context: &mut Context) -> impl Future<Output = Result<Outcome, Failure>>;

    /// The card for callers who have authenticated (section 3.1.11), for an agent whose
    /// `capabilities.extended_agent_card` is true. `caller` is none only when the card names no
    /// security scheme.
    fn extended_card(&self, caller: Option<&Caller>) -> Option<AgentCard> {
        let _ = caller;
        None
    }

    /// True to refuse messages with a part in a media type that the card does not list, neither for
    /// the agent nor for a skill (section 3.1.1). Otherwise the agent sees such a part and decides.
    fn enforces_input_modes(&self) -> bool {
        false
    }

    /// When the task of a new message comes into being.
    fn creation(&self, message: &Message) -> Creation {
        let _ = message;
        Creation::BeforeRun
    }

    /// True when a run on this message that was lost with its machine may be started again: the work
    /// is only a computation, or [`Context::checkpoint`] and [`Context::task`] tell a second run what
    /// the first one did. Otherwise the task is failed.
    fn resumable(&self, message: &Message) -> bool {
        let _ = message;
        false
    }
}

/// When the task of a new message is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Creation {
    /// Before the agent runs: a message that is sent twice runs once.
    #[default]
    BeforeRun,
    /// With the first thing that the agent emits or waits for. An agent that answers at once costs one
    /// write instead of two, and may answer without a task ([`Outcome::Message`]). For agents whose
    /// first step changes nothing in the world, because a repeated message may take that step again.
    WithFirstEvent,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The task is done; the parts, if any, are the closing words.
    Completed(Vec<Part>),
    /// The task waits for another message; the parts ask for it.
    InputRequired(Vec<Part>),
    /// The task waits for an authorisation; the parts say for which.
    AuthRequired(Vec<Part>),
    /// The agent will not do this; the parts say why.
    Rejected(Vec<Part>),
    /// A direct answer without a task. Once something was emitted there is a task, and the answer
    /// becomes its closing words.
    Message(Vec<Part>),
}

impl Outcome {
    /// Done, without a word.
    pub fn completed() -> Self {
        Self::Completed(Vec::new())
    }
    /// Done, with closing words.
    pub fn completed_with(part: impl Into<Part>) -> Self {
        Self::Completed(vec![part.into()])
    }
    /// Waits for another message.
    pub fn input_required(question: impl Into<Part>) -> Self {
        Self::InputRequired(vec![question.into()])
    }
    /// Waits for an authorisation.
    pub fn auth_required(what: impl Into<Part>) -> Self {
        Self::AuthRequired(vec![what.into()])
    }
    /// Will not do it.
    pub fn rejected(why: impl Into<Part>) -> Self {
        Self::Rejected(vec![why.into()])
    }
    /// A direct answer.
    pub fn message(part: impl Into<Part>) -> Self {
        Self::Message(vec![part.into()])
    }
}

/// Why a run failed, in a sentence for the client. Any error turns into one with `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut sentence = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            sentence.push_str(": ");
            sentence.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(sentence)
    }
}

/// One turn: the message, what went before, and the way to answer.
pub struct Context {
    pub(crate) message: Message,
    pub(crate) terms: Terms,
    /// A run before this one was lost in the same turn.
    pub(crate) is_resumed: bool,
    /// What it left.
    pub(crate) resumed: Option<Value>,
    pub(crate) platform: Rc<dyn Platform>,
    pub(crate) log: SharedLog,
    pub(crate) recorder: Recorder,
}

impl Context {
    /// The message to work on, with its context and task ids filled in.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The text of the message.
    pub fn text(&self) -> String {
        self.message.text()
    }

    /// The task as it stands, with its history and artifacts.
    pub fn task(&self) -> Task {
        self.recorder.task()
    }

    /// The messages of this task before the present one, oldest first.
    pub fn history(&self) -> Vec<Message> {
        let mut history = self.recorder.task().history;
        history.retain(|m| m.message_id != self.message.message_id || *m != self.message);
        history
    }

    /// The id of the task.
    pub fn task_id(&self) -> String {
        self.message.task_id.clone()
    }

    /// The id of the conversation.
    pub fn context_id(&self) -> &str {
        &self.message.context_id
    }

    /// Who calls; none when anonymous.
    pub fn caller(&self) -> Option<Caller> {
        self.platform.caller()
    }

    /// A configuration value or secret.
    pub fn config(&self, key: &str) -> Option<String> {
        self.platform.config(key)
    }

    /// What the client said of the request as a whole, beside the message's own metadata.
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.terms.metadata.as_ref()
    }

    /// The extensions of the protocol that both the client and the card name.
    pub fn extensions(&self) -> &[String] {
        &self.terms.extensions
    }

    /// The media types that the client takes; empty is no preference.
    pub fn accepted_output_modes(&self) -> &[String] {
        &self.terms.accepted_output_modes
    }

    /// True when the client takes this media type, or has no preference. `image/*` and `*/*` count.
    pub fn accepts(&self, media_type: &str) -> bool {
        let modes = self.accepted_output_modes();
        modes.is_empty() || modes.iter().any(|mode| takes(mode, media_type))
    }

    /// What the request carried in its `baggage` header (W3C): `key=value` pairs, separated by commas.
    /// Empty when there was none. Whoever called may have written anything into it.
    pub fn baggage(&self) -> &str {
        &self.terms.baggage
    }

    /// A way to the task for what works beside this context, such as a tool that emits artifacts.
    pub fn handle(&self) -> Handle {
        Handle {
            context_id: self.message.context_id.clone(),
            task_id: self.message.task_id.clone(),
            baggage: self.terms.baggage.clone(),
            log: self.log.clone(),
            recorder: self.recorder.clone(),
        }
    }

    /// Says that the agent is at work, in words if there are any.
    pub async fn working(&mut self, words: impl Into<String>) {
        let words = words.into();
        let parts = if words.is_empty() {
            Vec::new()
        } else {
            vec![Part::text(words)]
        };
        self.recorder.working(parts).await;
    }

    /// Emits a whole artifact.
    pub async fn artifact(&mut self, artifact: Artifact) {
        self.recorder.artifact(artifact, false, true).await;
    }

    /// Emits a piece of an artifact: the first piece begins it, further ones add their parts.
    pub async fn artifact_chunk(&mut self, artifact: Artifact, first: bool, last: bool) {
        self.recorder.artifact(artifact, !first, last).await;
    }

    /// Stores and streams what was emitted so far. Events that follow each other quickly are written
    /// together; call this before long work that does not await.
    pub async fn flush(&mut self) {
        self.recorder.flush_now().await;
    }

    /// Leaves a note for the run that takes this turn up, should this one be lost with its machine. It
    /// replaces the one before; `null` removes it. At most 1 MiB together with what the client asked
    /// for beside its message.
    ///
    /// The note is stored with whatever is emitted next, in one write, or when the agent next awaits.
    /// So "checkpoint, then emit" is one step: a later run finds both or neither. The other way round,
    /// and with more than one emission for a note, what was emitted may be stored and the note not: a
    /// later run that [is told less](Self::resumed) than [`Self::task`] shows goes by the task.
    ///
    /// Only an agent that is [resumable](Agent::resumable) has use for it.
    ///
    /// # Errors
    /// `TooLarge`. Then the note before stays.
    pub fn checkpoint(&mut self, data: &Value) -> Result<(), LogError> {
        let agent = (!data.is_null()).then(|| data.clone());
        self.recorder.keep(self.terms.print_with(agent)?);
        Ok(())
    }

    /// Sets a key of the task's metadata, which clients see: with the task, and in the update of its
    /// next status. It is stored with whatever is emitted next, and at the latest with the end of the
    /// run. An answer without a task has it in the message.
    ///
    /// A run sets at most 64 KiB, nested at most 32 levels deep; more fails the task.
    pub fn set_metadata(&mut self, key: &str, value: Value) {
        self.recorder.set_metadata(key, value);
    }

    /// True when an earlier run on this message was lost, and this one takes its turn up. What it
    /// emitted is in [`Self::task`].
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// The last [checkpoint](Self::checkpoint) of the earlier run, if there was one and it left any.
    pub fn resumed(&self) -> Option<&Value> {
        self.resumed.as_ref()
    }

    /// Waits.
    pub async fn sleep(&self, duration: std::time::Duration) {
        self.platform.sleep(duration).await;
    }

    /// Reads what was kept for this conversation under a key.
    ///
    /// # Errors
    /// When the log cannot be reached.
    pub fn state(&self, key: &str) -> Result<Option<Vec<u8>>, LogError> {
        self.log.read_state(&self.message.context_id, key)
    }

    /// Keeps something for this conversation, for this caller alone. `None` removes it. At most 64
    /// values of 16 MiB each.
    ///
    /// # Errors
    /// When a limit is reached or the log cannot be reached.
    pub fn set_state(&self, key: &str, value: Option<&[u8]>) -> Result<(), LogError> {
        self.log.write_state(&self.message.context_id, key, value)
    }
}

/// True when `mode`, as cards and clients write it, covers this media type.
pub(crate) fn takes(mode: &str, media_type: &str) -> bool {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_owned();
    let (mode, media_type) = (essence(mode), &*essence(media_type));
    if mode == "*/*" || mode.eq_ignore_ascii_case(media_type) {
        return true;
    }
    // "text" stands for "text/plain" with several clients.
    if mode == "text" && media_type == "text/plain" {
        return true;
    }
    mode.strip_suffix("/*").is_some_and(|family| {
        media_type
            .split('/')
            .next()
            .is_some_and(|f| f.eq_ignore_ascii_case(family))
    })
}
