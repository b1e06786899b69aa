//! The events of a task, also when connections break: the stream is taken up again where the server
//! numbers its events, from the task as it stands where it does not, and by asking again and again where
//! it has no streams.

use std::time::Duration;

use attache_protocol::wire::{Task, TaskState};
use serde_json::Value;

use super::fault::{CallError, Kind};
use super::operation::Operation;
use super::reading::{self, Event};
use super::server::{Item, Server, Stream, StreamError};
use crate::failure::{Exit, Failure};

/// Tries without anything new between them.
const MOST_TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Between two questions to a server that has no streams.
const POLL: Duration = Duration::from_secs(2);

/// Something to tell.
#[derive(Debug)]
pub(crate) enum Told {
    /// An event, in the server's words too.
    Event(Box<Event>, Value),
    /// A sentence about the connection.
    Note(String),
}

/// Follows one task.
#[derive(Debug)]
pub(crate) struct Follower<'a> {
    server: &'a Server,
    may_resume: bool,
    /// What begins it; none once it has begun.
    begin: Option<Operation>,
    stream: Option<Stream>,
    /// As far as the events have told it.
    task: Task,
    last_id: Option<String>,
    tries: u32,
    polls: bool,
    is_over: bool,
}

impl<'a> Follower<'a> {
    /// Follows what `begin` begins: a message, or a subscription to a task.
    pub(crate) fn new(server: &'a Server, begin: Operation, may_resume: bool) -> Self {
        let mut task = Task::default();
        if let Operation::SubscribeToTask { id } = &begin {
            task.id.clone_from(id);
        }
        Self {
            server,
            may_resume,
            begin: Some(begin),
            stream: None,
            task,
            last_id: None,
            tries: 0,
            polls: false,
            is_over: false,
        }
    }

    /// The event that is the last one known.
    pub(crate) fn after(mut self, id: Option<String>) -> Self {
        self.last_id = id;
        self
    }

    /// The task as it stands. Its id is empty when a message was answered.
    pub(crate) fn task(&self) -> &Task {
        &self.task
    }

    /// What comes next; none when the task has ended or waits for its user.
    ///
    /// # Errors
    /// When the server refuses, or stays away.
    pub(crate) async fn next(&mut self) -> Result<Option<Told>, CallError> {
        loop {
            if self.is_over {
                return Ok(None);
            }
            if self.polls {
                return self.poll().await.map(Some);
            }
            let Some(mut stream) = self.stream.take() else {
                if let Some(told) = self.open().await? {
                    return Ok(Some(told));
                }
                continue;
            };
            let next = self.server.next(&mut stream).await;
            match next {
                Ok(Some(item)) => {
                    self.stream = Some(stream);
                    if let Some(told) = self.tell(item) {
                        return Ok(Some(told));
                    }
                }
                Ok(None) if self.rests() => self.is_over = true,
                Ok(None) => {
                    return self
                        .broken("the stream ended before the task did")
                        .await
                        .map(Some);
                }
                Err(StreamError::Broken(why)) => return self.broken(&why).await.map(Some),
                Err(StreamError::Failed(error)) => self.refused(error).await?,
            }
        }
    }

    /// Nothing more comes by itself: the task has ended, or waits.
    fn rests(&self) -> bool {
        let state = self.task.status.state;
        state.is_terminal() || state.is_interrupted()
    }

    async fn open(&mut self) -> Result<Option<Told>, CallError> {
        let begin = self.begin.take();
        let is_first = begin.is_some();
        if !is_first
            && self.last_id.is_none()
            && let Some(told) = self.ended_meanwhile().await
        {
            return Ok(Some(told));
        }
        let operation = begin.unwrap_or_else(|| Operation::SubscribeToTask {
            id: self.task.id.clone(),
        });
        let is_subscription = matches!(operation, Operation::SubscribeToTask { .. });
        let after = self.last_id.clone().filter(|_| is_subscription);
        match self.server.stream(&operation, after.as_deref()).await {
            Ok(stream) => {
                self.stream = Some(stream);
                Ok(None)
            }
            Err(error) if is_subscription => match error {
                CallError::Failed(failure) if is_first || failure.exit() != Exit::Unavailable => {
                    Err(CallError::Failed(failure))
                }
                CallError::Failed(failure) => self.broken(&failure.to_string()).await.map(Some),
                refusal => self.refused(refusal).await.map(|()| None),
            },
            Err(error) => Err(error),
        }
    }

    /// Whether there is anything left to subscribe to. What cannot be asked is found out by subscribing.
    async fn ended_meanwhile(&mut self) -> Option<Told> {
        let said = self.server.call(&self.get()).await.ok()?;
        let task = reading::task(&said);
        if !task.status.state.is_terminal() || task.id.is_empty() {
            return None;
        }
        self.is_over = true;
        self.task = task.clone();
        Some(Told::Event(Box::new(Event::Task(task)), said))
    }

    fn get(&self) -> Operation {
        Operation::GetTask {
            id: self.task.id.clone(),
            history_length: None,
        }
    }

    /// A task that has ended takes no subscribers, and some servers have no streams: then the task is
    /// asked for.
    async fn refused(&mut self, error: CallError) -> Result<(), CallError> {
        match error {
            CallError::Refused(refusal)
                if matches!(refusal.kind, Kind::Unsupported | Kind::MethodNotFound)
                    && !self.task.id.is_empty() =>
            {
                self.polls = true;
                Ok(())
            }
            CallError::Refused(refusal) if refusal.kind == Kind::Busy && self.can_resume() => {
                let asked_for = refusal.retry_after.map(Duration::from_secs);
                let pause = asked_for.unwrap_or_default().max(self.pause());
                self.tries += 1;
                tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
                Ok(())
            }
            other => Err(other),
        }
    }

    async fn poll(&mut self) -> Result<Told, CallError> {
        if self.tries > 0 {
            tokio::time::sleep(POLL).await;
        }
        self.tries = 1;
        let said = self.server.call(&self.get()).await?;
        let task = reading::task(&said);
        self.is_over =
            task.status.state.is_terminal() || task.status.state == TaskState::InputRequired;
        self.task = task.clone();
        Ok(Told::Event(Box::new(Event::Task(task)), said))
    }

    fn tell(&mut self, item: Item) -> Option<Told> {
        let event = reading::event(&item.value)?;
        if item.id.is_some() {
            self.last_id = item.id;
        }
        let before = self.task.status.state;
        let is_snapshot = matches!(event, Event::Task(_));
        let is_last = match &event {
            Event::Message(_) => true,
            Event::Task(task) => {
                self.task = task.clone();
                false
            }
            Event::Status { update, is_final } => {
                self.is_about(&update.task_id, &update.context_id);
                self.task.status = update.status.clone();
                *is_final
            }
            Event::Artifact(update) => {
                self.is_about(&update.task_id, &update.context_id);
                false
            }
        };
        let state = self.task.status.state;
        self.is_over = is_last || state.is_terminal() || state == TaskState::InputRequired;
        // A snapshot alone is no progress: a server may give one and close, for ever.
        if !is_snapshot || state != before {
            self.tries = 0;
        }
        Some(Told::Event(Box::new(event), item.value))
    }

    /// Some servers leave the ids out of their events.
    fn is_about(&mut self, task: &str, context: &str) {
        for (own, said) in [
            (&mut self.task.id, task),
            (&mut self.task.context_id, context),
        ] {
            if !said.is_empty() {
                said.clone_into(own);
            }
        }
    }

    fn can_resume(&self) -> bool {
        self.may_resume && !self.task.id.is_empty() && self.tries < MOST_TRIES
    }

    /// Before the next try: longer each time.
    fn pause(&self) -> Duration {
        let factor = 2_u32.saturating_pow(self.tries);
        FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
    }

    /// Waits a little before the next try; too many of them are an error.
    async fn broken(&mut self, why: &str) -> Result<Told, CallError> {
        self.stream = None;
        if !self.can_resume() {
            let failure = Failure::new(Exit::Unavailable, why.to_owned());
            return Err(failure.into());
        }
        let pause = self.pause();
        self.tries += 1;
        tokio::time::sleep(pause).await;
        let how = match &self.last_id {
            Some(id) => format!("after event {id}"),
            None => "from the task as it stands".to_owned(),
        };
        Ok(Told::Note(format!("{why}; taking it up again {how}")))
    }
}
