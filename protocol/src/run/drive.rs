//! Drives an agent to the end of its turn.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures_util::StreamExt as _;

use super::recorder::Flushed;
use super::{Until, fold, follow, log_error};
use crate::agent::{Agent, Context, Failure, Outcome};
use crate::error::Error;
use crate::log::{LogError, StoredTask};
use crate::wire::{Message, Part, Task, TaskState};

/// How a run ended, for the operation that waits for it.
pub(crate) enum End {
    /// The task is terminal or waits for its client.
    Task(Task),
    /// A direct answer, without a task.
    Message(Message),
    /// The message was sent before; this is the task that it began.
    Repeated(StoredTask),
    /// Nothing that the client could be shown.
    Error(Error),
}

enum Halt {
    Agent(Result<Outcome, Failure>),
    Log(LogError),
    Repeated(StoredTask),
    Stop,
}

/// Runs the agent on the context's message until it answers, fails, is cancelled or loses the task.
pub(crate) async fn drive<A: Agent>(agent: Rc<A>, mut context: Context) -> End {
    let recorder = context.recorder.clone();
    let halt = {
        let mut work = pin!(agent.run(&mut context));
        poll_fn(|cx| {
            // A cancel that came while the agent was busy is seen before it goes on.
            if recorder.poll_stop(cx).is_ready() {
                return Poll::Ready(Halt::Stop);
            }
            if let Poll::Ready(result) = work.as_mut().poll(cx) {
                return Poll::Ready(Halt::Agent(result));
            }
            match recorder.flush() {
                Ok(Flushed::Stored) => recorder.poll_stop(cx).map(|()| Halt::Stop),
                Ok(Flushed::Repeated(task)) => Poll::Ready(Halt::Repeated(task)),
                Err(error) => Poll::Ready(Halt::Log(error)),
            }
        })
        .await
    };
    match halt {
        Halt::Agent(result) => finish(&context, result).await,
        Halt::Stop => {
            recorder.set_status(TaskState::Canceled, Vec::new());
            settle(&context).await
        }
        Halt::Log(error) => broken(&context, error).await,
        Halt::Repeated(task) => End::Repeated(task),
    }
}

async fn finish(context: &Context, result: Result<Outcome, Failure>) -> End {
    let recorder = &context.recorder;
    let (state, parts) = match result {
        Ok(Outcome::Message(parts)) if parts.is_empty() => {
            let why = "The agent ended without an answer.";
            (TaskState::Failed, vec![Part::text(why)])
        }
        Ok(Outcome::Message(parts)) if !recorder.has_task() => {
            return End::Message(recorder.answer(parts));
        }
        Ok(Outcome::Message(parts) | Outcome::Completed(parts)) => (TaskState::Completed, parts),
        Ok(Outcome::InputRequired(parts)) => (TaskState::InputRequired, parts),
        Ok(Outcome::AuthRequired(parts)) => (TaskState::AuthRequired, parts),
        Ok(Outcome::Rejected(parts)) => (TaskState::Rejected, parts),
        Err(failure) => (TaskState::Failed, vec![Part::text(failure.to_string())]),
    };
    recorder.set_status(state, parts);
    settle(context).await
}

/// Stores the last events of a run.
async fn settle(context: &Context) -> End {
    match context.recorder.flush() {
        Ok(Flushed::Stored) => End::Task(context.recorder.task()),
        Ok(Flushed::Repeated(task)) => End::Repeated(task),
        Err(error) => broken(context, error).await,
    }
}

/// The log refused an event.
async fn broken(context: &Context, error: LogError) -> End {
    let recorder = &context.recorder;
    let id = &context.message.task_id;
    match error {
        // Somebody else has the task now: the client is shown what becomes of it.
        LogError::Lost | LogError::Finished(_) => watch_over(context).await,
        LogError::TooLarge(why) | LogError::Invalid(why) if recorder.newest() > 0 => {
            let stored = match context
                .log
                .get(id)
                .map_err(|e| log_error(&e, id))
                .and_then(fold)
            {
                Ok(task) => task,
                Err(error) => return End::Error(error),
            };
            recorder.restore(stored);
            recorder.set_status(TaskState::Failed, vec![Part::text(why)]);
            match recorder.flush() {
                Ok(_) => End::Task(recorder.task()),
                Err(error) => End::Error(log_error(&error, id)),
            }
        }
        error => End::Error(log_error(&error, id)),
    }
}

async fn watch_over(context: &Context) -> End {
    let id = context.message.task_id.clone();
    let after = context.recorder.newest();
    let mut events = pin!(follow(context.log.clone(), id.clone(), after, Until::Rest));
    while let Some(event) = events.next().await {
        context.recorder.forward(event);
    }
    match context.log.get(&id) {
        Ok(task) => fold(task).map_or_else(End::Error, End::Task),
        Err(error) => End::Error(log_error(&error, &id)),
    }
}
