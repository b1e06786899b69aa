//! One turn of a conversation, as SendMessage and SendStreamingMessage share it: the request is
//! checked, the task is created or continued, and the agent's context is made.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use sha2::{Digest as _, Sha256};

use super::{Call, check_id};
use crate::agent::{Agent, Context, Creation, takes};
use crate::error::{Error, ErrorKind, Violation};
use crate::log::{
    Begun, LogError, MessageKey, Opening, PushConfig, SharedLog, Started, StoredTask,
};
use crate::platform::{Platform, new_id};
use crate::run::{Checkpoint, End, Flushed, FrameSender, Recorder, Terms, drive, fold, log_error};
use crate::wire::{Message, Part, Role, SendMessageRequest, TaskState};

/// How long a message waits for the one before it on the same task.
const TURN_WAIT: Duration = Duration::from_secs(60);

/// A turn that is ready to run, or that ran before.
pub(super) enum Opened {
    Run(Box<Context>),
    /// The message was sent before: its task, and the log to follow it by.
    Repeated(StoredTask, SharedLog),
}

/// Checks the request and opens its task. `store_now` makes the task exist before the agent runs,
/// whatever the agent prefers.
pub(super) async fn open<A: Agent>(
    call: &Call<A>,
    request: SendMessageRequest,
    frames: Option<FrameSender>,
    store_now: bool,
) -> Result<Opened, Error> {
    let configuration = request.configuration;
    let message = check(request.message, configuration.history_length)?;
    let push = match configuration.task_push_notification_config {
        None => None,
        Some(config) => {
            call.require_push()?;
            Some(call.accept_push(config, "configuration.taskPushNotificationConfig.")?)
        }
    };
    call.require_extensions()?;
    call.require_input_modes(&message)?;
    let log = call.log(&request.tenant);
    let key = key(&message)?;
    let terms = Terms {
        accepted_output_modes: configuration.accepted_output_modes,
        extensions: call.extensions.clone(),
        metadata: request.metadata,
        baggage: call.baggage.clone(),
    };
    let (recorder, message) = if message.task_id.is_empty() {
        let message = begin(call, message);
        let recorder = Recorder::create(
            call.platform.clone(),
            log.clone(),
            message.clone(),
            key,
            push,
            frames,
        );
        if let Some(kept) = kept(call, &message, &terms)? {
            recorder.keep(kept);
        }
        if store_now || call.agent.creation(&message) == Creation::BeforeRun {
            match recorder
                .flush()
                .map_err(|e| log_error(&e, &message.task_id))?
            {
                Flushed::Stored => {}
                Flushed::Repeated(task) => return Ok(Opened::Repeated(task, log)),
            }
        }
        (recorder, message)
    } else {
        match go_on(call, &log, message, &terms, key, push, frames).await? {
            Ok(turn) => turn,
            Err(repeated) => return Ok(Opened::Repeated(repeated, log)),
        }
    };
    Ok(Opened::Run(Box::new(Context {
        message,
        terms,
        is_resumed: false,
        resumed: None,
        platform: call.platform.clone(),
        log,
        recorder,
    })))
}

impl<A: Agent> Call<A> {
    /// A part without a media type says nothing that could be wrong.
    fn require_input_modes(&self, message: &Message) -> Result<(), Error> {
        if !self.agent.enforces_input_modes() {
            return Ok(());
        }
        let of_skills = self.card.skills.iter().flat_map(|skill| &skill.input_modes);
        let modes: Vec<_> = self
            .card
            .default_input_modes
            .iter()
            .chain(of_skills)
            .collect();
        let parts = message.parts.iter().enumerate();
        let unknown = parts
            .filter(|(_, part)| !part.media_type.is_empty())
            .find(|(_, part)| !modes.iter().any(|mode| takes(mode, &part.media_type)));
        let Some((index, part)) = unknown else {
            return Ok(());
        };
        let names: Vec<_> = modes.iter().map(|mode| mode.as_str()).collect();
        Err(Error::new(
            ErrorKind::ContentTypeNotSupported,
            format!(
                "message.parts[{index}] is {:?}; this agent takes {}.",
                part.media_type,
                names.join(", ")
            ),
        )
        .with("mediaType", part.media_type.clone()))
    }
}

/// What the log keeps of the terms from the start: a second run needs them, if there can be one.
fn kept<A: Agent>(
    call: &Call<A>,
    message: &Message,
    terms: &Terms,
) -> Result<Option<Vec<u8>>, Error> {
    if !call.agent.resumable(message) {
        return Ok(None);
    }
    terms
        .print()
        .map_err(|error| log_error(&error, &message.task_id))
}

/// Gives a new task its ids.
fn begin<A>(call: &Call<A>, mut message: Message) -> Message {
    if message.context_id.is_empty() {
        message.context_id = new_id(&*call.platform);
    }
    message.task_id = new_id(&*call.platform);
    message
}

/// Continues a task, after any turn that is still running. The inner error is the task that this
/// same message continued before.
async fn go_on<A: Agent>(
    call: &Call<A>,
    log: &SharedLog,
    mut message: Message,
    terms: &Terms,
    key: MessageKey,
    push: Option<PushConfig>,
    frames: Option<FrameSender>,
) -> Result<Result<(Recorder, Message), StoredTask>, Error> {
    let id = message.task_id.clone();
    let failed = |error: LogError| log_error(&error, &id);
    let stored = log.get(&id).map_err(failed)?;
    if message.context_id.is_empty() {
        message.context_id.clone_from(&stored.context_id);
    } else if message.context_id != stored.context_id {
        return Err(Error::field(
            "message.contextId",
            format!(
                "is {:?}, but task {id:?} belongs to the context {:?}; leave it out or send that \
                 one",
                message.context_id, stored.context_id
            ),
        ));
    }
    let kept = kept(call, &message, terms)?;
    let mut waited = call.platform.sleep(TURN_WAIT);
    let mut newest = stored.newest;
    let (run, before, stale) = loop {
        let watch = log.watch(&id, newest).map_err(failed)?;
        let opening = Opening::Resume {
            task_id: id.clone(),
            message: Some(key.clone()),
            take_over: false,
            push: push.clone(),
        };
        match log.begin(opening) {
            Ok(Begun::Started(Started {
                run,
                task: Some(before),
                checkpoint,
                ..
            })) => break (run, before, checkpoint),
            Ok(Begun::Repeated(task)) => return Ok(Err(task)),
            Ok(Begun::Started(Started { task: None, .. })) => {
                return Err(Error::task_not_found(&id));
            }
            Err(LogError::Busy) => match select(watch, waited).await {
                Either::Left(((), rest)) => waited = rest,
                Either::Right(_) => return Err(failed(LogError::Busy)),
            },
            Err(error) => return Err(failed(error)),
        }
        newest = log
            .events(&id, newest)
            .map_err(failed)?
            .events
            .last()
            .map_or(newest, |e| e.number);
    };
    let newest = before.newest;
    let recorder = Recorder::resume(
        call.platform.clone(),
        log.clone(),
        run,
        fold(before)?,
        newest,
        Some(message.clone()),
        frames,
    );
    // What a lost run left is about another message.
    if let Some(kept) = kept.or(stale.map(|_| Vec::new())) {
        recorder.keep(kept);
    }
    recorder.flush().map_err(failed)?;
    Ok(Ok((recorder, message)))
}

/// Takes up a stored task whose run was lost or dispatched. A dispatched one is worked on for the first
/// time; after a lost run the agent runs again when it is resumable, and else the task is failed.
pub(crate) async fn resume<A: Agent>(
    agent: Rc<A>,
    platform: Rc<dyn Platform>,
    tenant: &str,
    task_id: &str,
) -> Result<(), String> {
    let log = platform.log(tenant);
    let opening = Opening::Resume {
        task_id: task_id.to_owned(),
        message: None,
        take_over: false,
        push: None,
    };
    let (run, before, checkpoint, dispatched) = match log.begin(opening) {
        Ok(Begun::Started(Started {
            run,
            task: Some(before),
            checkpoint,
            dispatched,
        })) => (run, before, checkpoint, dispatched),
        // It ended, or somebody works on it: nothing is left to do.
        Ok(_) | Err(LogError::Finished(_) | LogError::Busy | LogError::NotFound) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let newest = before.newest;
    let task = fold(before).map_err(|e| e.to_string())?;
    let message = task
        .history
        .iter()
        .rev()
        .find(|m| m.role == Role::User)
        .cloned();
    let recorder = Recorder::resume(platform.clone(), log.clone(), run, task, newest, None, None);
    if let Some(message) = message.filter(|message| dispatched || agent.resumable(message)) {
        let left = Checkpoint::read(checkpoint.as_deref())
            .map_err(|e| format!("its checkpoint cannot be read: {e}"))?;
        let context = Context {
            message,
            terms: left.request.unwrap_or_default(),
            is_resumed: !dispatched,
            resumed: left.agent,
            platform,
            log,
            recorder,
        };
        return match drive(agent, context).await {
            End::Error(error) => Err(error.to_string()),
            _ => Ok(()),
        };
    }
    let why = "The instance that worked on this task was lost before it had finished. Send the \
               message again to start over.";
    recorder.set_status(TaskState::Failed, vec![Part::text(why)]);
    recorder.flush().map(|_| ()).map_err(|e| e.to_string())
}

/// Same id and same content is the same message; same id with other content is another one.
fn key(message: &Message) -> Result<MessageKey, Error> {
    let printed = serde_json::to_vec(message).map_err(|e| {
        Error::new(
            ErrorKind::Internal,
            format!("Cannot digest the message: {e}."),
        )
    })?;
    Ok(MessageKey {
        id: message.message_id.clone(),
        digest: Sha256::digest(&printed).to_vec(),
    })
}

/// The rules that a message has to keep (sections 3.3.2 and 5.7).
fn check(message: Option<Message>, history_length: Option<i32>) -> Result<Message, Error> {
    let mut violations = Vec::new();
    let mut violation = |field: &str, description: String| {
        violations.push(Violation {
            field: field.to_owned(),
            description,
        });
    };
    let required = || "is required".to_owned();
    match &message {
        None => violation("message", required()),
        Some(message) => {
            if message.message_id.is_empty() {
                violation("message.messageId", required());
            }
            if message.role == Role::Unspecified {
                violation("message.role", "is required: ROLE_USER".to_owned());
            }
            if message.parts.is_empty() {
                violation("message.parts", "needs at least one part".to_owned());
            }
            for (field, id) in [
                ("message.messageId", &message.message_id),
                ("message.contextId", &message.context_id),
                ("message.taskId", &message.task_id),
            ] {
                if let Err(why) = check_id(id) {
                    violation(field, why);
                }
            }
        }
    }
    if let Some(length) = history_length.filter(|l| *l < 0) {
        violation(
            "configuration.historyLength",
            format!("must be 0 or more, and is {length}"),
        );
    }
    match message {
        Some(message) if violations.is_empty() => Ok(message),
        _ => Err(Error::fields(violations)),
    }
}
