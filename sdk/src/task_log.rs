//! The task log of the engine over the imports of `attache:agent/tasks`.

use attache_protocol as engine;
use attache_protocol::wire::TaskState;
use futures_util::future::LocalBoxFuture;
use wstd::io::AsyncPollable;

use crate::bindings::attache::agent::tasks;

/// The log of one tenant.
pub(crate) struct HostLog(tasks::TaskLog);

impl HostLog {
    pub(crate) fn new(tenant: &str) -> Self {
        Self(tasks::TaskLog::new(tenant))
    }
}

impl engine::TaskLog for HostLog {
    fn begin(&self, opening: engine::Opening) -> Result<engine::Begun, engine::LogError> {
        let opening = match opening {
            engine::Opening::Create {
                task_id,
                context_id,
                message,
                first,
                push,
            } => tasks::Opening::Create(tasks::Creation {
                task_id,
                context_id,
                message: message.map(message_key),
                first: change(first),
                push: push.map(to_push_config),
            }),
            engine::Opening::Resume {
                task_id,
                message,
                take_over,
                push,
            } => tasks::Opening::Resume(tasks::Resumption {
                task_id,
                message: message.map(message_key),
                take_over,
                push: push.map(to_push_config),
            }),
        };
        Ok(match self.0.begin(&opening).map_err(error)? {
            tasks::Begun::Started(started) => engine::Begun::Started(engine::Started {
                run: Box::new(HostRun(started.run)),
                task: started.task.map(stored_task),
                checkpoint: started.checkpoint,
                dispatched: started.dispatched,
            }),
            tasks::Begun::Repeated(task) => engine::Begun::Repeated(stored_task(task)),
        })
    }

    fn get(&self, id: &str) -> Result<engine::StoredTask, engine::LogError> {
        self.0.get(id).map(stored_task).map_err(error)
    }

    fn list(&self, query: engine::Query) -> Result<engine::Page, engine::LogError> {
        let page = self
            .0
            .list(&tasks::Query {
                context_id: query.context_id,
                state: query.state.map(to_state),
                status_since: query.status_since,
                after: query.after.map(|c| tasks::Cursor {
                    status_time: c.status_time,
                    task_id: c.task_id,
                }),
                page_size: query.page_size,
                include_artifacts: query.include_artifacts,
                max_bytes: query.max_bytes,
            })
            .map_err(error)?;
        Ok(engine::Page {
            tasks: page.tasks.into_iter().map(stored_task).collect(),
            next: page.next.map(|c| engine::Cursor {
                status_time: c.status_time,
                task_id: c.task_id,
            }),
            total: page.total,
        })
    }

    fn events(&self, id: &str, after: u64) -> Result<engine::Progress, engine::LogError> {
        let progress = self.0.events(id, after).map_err(error)?;
        Ok(engine::Progress {
            events: progress.events.into_iter().map(stored_event).collect(),
            state: from_state(progress.state),
            running: progress.running,
        })
    }

    fn watch(&self, id: &str, after: u64) -> Result<LocalBoxFuture<'static, ()>, engine::LogError> {
        Ok(ready(self.0.watch(id, after).map_err(error)?))
    }

    fn cancel(&self, id: &str) -> Result<(), engine::LogError> {
        self.0.cancel(id).map_err(error)
    }

    fn put_push_config(
        &self,
        task_id: &str,
        config: engine::PushConfig,
    ) -> Result<(), engine::LogError> {
        self.0
            .put_push_config(task_id, &to_push_config(config))
            .map_err(error)
    }

    fn push_configs(&self, task_id: &str) -> Result<Vec<engine::PushConfig>, engine::LogError> {
        let configs = self.0.push_configs(task_id).map_err(error)?;
        Ok(configs.into_iter().map(from_push_config).collect())
    }

    fn delete_push_config(&self, task_id: &str, id: &str) -> Result<(), engine::LogError> {
        self.0.delete_push_config(task_id, id).map_err(error)
    }

    fn read_state(&self, context_id: &str, key: &str) -> Result<Option<Vec<u8>>, engine::LogError> {
        self.0.read_state(context_id, key).map_err(error)
    }

    fn write_state(
        &self,
        context_id: &str,
        key: &str,
        value: Option<&[u8]>,
    ) -> Result<(), engine::LogError> {
        self.0.write_state(context_id, key, value).map_err(error)
    }
}

struct HostRun(tasks::Run);

impl engine::Run for HostRun {
    fn append(&self, new: engine::Change) -> Result<u64, engine::LogError> {
        self.0.append(&change(new)).map_err(error)
    }

    fn stopping(&self) -> bool {
        self.0.stopping()
    }

    fn watch(&self) -> LocalBoxFuture<'static, ()> {
        ready(self.0.watch())
    }

    fn dispatch(&self, checkpoint: Option<&[u8]>) -> Result<engine::Placement, engine::LogError> {
        Ok(match self.0.dispatch(checkpoint).map_err(error)? {
            tasks::Placement::Here => engine::Placement::Here,
            tasks::Placement::Elsewhere => engine::Placement::Elsewhere,
        })
    }
}

fn ready(pollable: wasip2::io::poll::Pollable) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move { AsyncPollable::new(pollable).wait_for().await })
}

fn change(change: engine::Change) -> tasks::Change {
    tasks::Change {
        events: change.events,
        state: to_state(change.state),
        status_time: change.status_time,
        snapshot: change.snapshot.map(|s| tasks::Snapshot {
            task: s.task,
            artifacts: s.artifacts,
        }),
        checkpoint: change.checkpoint,
    }
}

fn message_key(key: engine::MessageKey) -> tasks::MessageKey {
    tasks::MessageKey {
        id: key.id,
        digest: key.digest,
    }
}

fn to_push_config(config: engine::PushConfig) -> tasks::PushConfig {
    tasks::PushConfig {
        id: config.id,
        url: config.url,
        token: config.token,
        authentication: config
            .authentication
            .map(|(scheme, credentials)| tasks::Authentication {
                scheme,
                credentials,
            }),
        protocol_version: config.protocol_version,
    }
}

fn from_push_config(config: tasks::PushConfig) -> engine::PushConfig {
    engine::PushConfig {
        id: config.id,
        url: config.url,
        token: config.token,
        authentication: config
            .authentication
            .map(|given| (given.scheme, given.credentials)),
        protocol_version: config.protocol_version,
    }
}

fn stored_event(event: tasks::Event) -> engine::StoredEvent {
    engine::StoredEvent {
        number: event.number,
        payload: event.payload,
    }
}

fn stored_task(task: tasks::Task) -> engine::StoredTask {
    engine::StoredTask {
        id: task.id,
        context_id: task.context_id,
        state: from_state(task.state),
        status_time: task.status_time,
        snapshot: engine::StoredSnapshot {
            task: task.snapshot.task,
            artifacts: task.snapshot.artifacts,
        },
        tail: task.tail.into_iter().map(stored_event).collect(),
        newest: task.newest,
        running: task.running,
    }
}

fn to_state(state: TaskState) -> tasks::State {
    match state {
        // The engine never stores an unset state.
        TaskState::Submitted | TaskState::Unspecified => tasks::State::Submitted,
        TaskState::Working => tasks::State::Working,
        TaskState::Completed => tasks::State::Completed,
        TaskState::Failed => tasks::State::Failed,
        TaskState::Canceled => tasks::State::Canceled,
        TaskState::InputRequired => tasks::State::InputRequired,
        TaskState::Rejected => tasks::State::Rejected,
        TaskState::AuthRequired => tasks::State::AuthRequired,
    }
}

fn from_state(state: tasks::State) -> TaskState {
    match state {
        tasks::State::Submitted => TaskState::Submitted,
        tasks::State::Working => TaskState::Working,
        tasks::State::Completed => TaskState::Completed,
        tasks::State::Failed => TaskState::Failed,
        tasks::State::Canceled => TaskState::Canceled,
        tasks::State::InputRequired => TaskState::InputRequired,
        tasks::State::Rejected => TaskState::Rejected,
        tasks::State::AuthRequired => TaskState::AuthRequired,
    }
}

fn error(error: tasks::Error) -> engine::LogError {
    match error {
        tasks::Error::NotFound => engine::LogError::NotFound,
        tasks::Error::Finished(state) => engine::LogError::Finished(from_state(state)),
        tasks::Error::Busy => engine::LogError::Busy,
        tasks::Error::Lost => engine::LogError::Lost,
        tasks::Error::Invalid(why) => engine::LogError::Invalid(why),
        tasks::Error::TooLarge(why) => engine::LogError::TooLarge(why),
        tasks::Error::Unavailable(why) => engine::LogError::Unavailable(why),
    }
}
