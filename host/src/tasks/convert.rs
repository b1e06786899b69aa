//! Between the contract's records and the task store's. The one place that maps errors.

use attache_task_store as store;

use crate::bindings::tasks as wit;

impl From<store::Error> for wit::Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::NotFound,
            store::Error::Finished(state) => Self::Finished(state.into()),
            store::Error::Busy => Self::Busy,
            store::Error::Lost => Self::Lost,
            store::Error::Invalid(text) => Self::Invalid(text),
            store::Error::TooLarge(text) => Self::TooLarge(text),
            store::Error::Unavailable(text) => {
                // The component can only say "try later"; what to repair is the operator's.
                tracing::error!("the task log is not available: {text}");
                Self::Unavailable("the task log is not available now; try again".to_owned())
            }
        }
    }
}

macro_rules! states {
    ($($state:ident)*) => {
        impl From<store::State> for wit::State {
            fn from(state: store::State) -> Self {
                match state { $(store::State::$state => Self::$state,)* }
            }
        }
        impl From<wit::State> for store::State {
            fn from(state: wit::State) -> Self {
                match state { $(wit::State::$state => Self::$state,)* }
            }
        }
    };
}
states!(Submitted Working Completed Failed Canceled InputRequired Rejected AuthRequired);

impl From<store::Event> for wit::Event {
    fn from(store::Event { number, payload }: store::Event) -> Self {
        Self { number, payload }
    }
}

impl From<store::Snapshot> for wit::Snapshot {
    fn from(store::Snapshot { task, artifacts }: store::Snapshot) -> Self {
        Self { task, artifacts }
    }
}

impl From<wit::Snapshot> for store::Snapshot {
    fn from(wit::Snapshot { task, artifacts }: wit::Snapshot) -> Self {
        Self { task, artifacts }
    }
}

impl From<store::Task> for wit::Task {
    fn from(task: store::Task) -> Self {
        Self {
            id: task.id,
            context_id: task.context_id,
            state: task.state.into(),
            status_time: task.status_time,
            snapshot: task.snapshot.into(),
            tail: task.tail.into_iter().map(Into::into).collect(),
            newest: task.newest,
            running: task.running,
        }
    }
}

impl From<wit::Change> for store::Change {
    fn from(change: wit::Change) -> Self {
        Self {
            events: change.events,
            state: change.state.into(),
            status_time: change.status_time,
            snapshot: change.snapshot.map(Into::into),
            checkpoint: change.checkpoint,
        }
    }
}

impl From<wit::MessageKey> for store::MessageKey {
    fn from(wit::MessageKey { id, digest }: wit::MessageKey) -> Self {
        Self { id, digest }
    }
}

impl From<wit::PushConfig> for store::PushConfig {
    fn from(config: wit::PushConfig) -> Self {
        Self {
            id: config.id,
            url: config.url,
            token: config.token,
            authentication: config.authentication.map(|given| store::Authentication {
                scheme: given.scheme,
                credentials: given.credentials,
            }),
            protocol_version: config.protocol_version,
        }
    }
}

impl From<store::PushConfig> for wit::PushConfig {
    fn from(config: store::PushConfig) -> Self {
        Self {
            id: config.id,
            url: config.url,
            token: config.token,
            authentication: config.authentication.map(|given| wit::Authentication {
                scheme: given.scheme,
                credentials: given.credentials,
            }),
            protocol_version: config.protocol_version,
        }
    }
}

impl From<wit::Opening> for store::Opening {
    fn from(opening: wit::Opening) -> Self {
        match opening {
            wit::Opening::Create(creation) => Self::Create {
                task_id: creation.task_id,
                context_id: creation.context_id,
                message: creation.message.map(Into::into),
                first: creation.first.into(),
                push: creation.push.map(Into::into),
            },
            wit::Opening::Resume(resumption) => Self::Resume {
                task_id: resumption.task_id,
                message: resumption.message.map(Into::into),
                take_over: resumption.take_over,
                push: resumption.push.map(Into::into),
            },
        }
    }
}

impl From<wit::Cursor> for store::Cursor {
    fn from(
        wit::Cursor {
            status_time,
            task_id,
        }: wit::Cursor,
    ) -> Self {
        Self {
            status_time,
            task_id,
        }
    }
}

impl From<store::Cursor> for wit::Cursor {
    fn from(
        store::Cursor {
            status_time,
            task_id,
        }: store::Cursor,
    ) -> Self {
        Self {
            status_time,
            task_id,
        }
    }
}

impl From<wit::Query> for store::Query {
    fn from(query: wit::Query) -> Self {
        Self {
            context_id: query.context_id,
            state: query.state.map(Into::into),
            status_since: query.status_since,
            after: query.after.map(Into::into),
            page_size: query.page_size,
            include_artifacts: query.include_artifacts,
            max_bytes: query.max_bytes,
        }
    }
}

impl From<store::Page> for wit::Page {
    fn from(page: store::Page) -> Self {
        Self {
            tasks: page.tasks.into_iter().map(Into::into).collect(),
            next: page.next.map(Into::into),
            total: page.total,
        }
    }
}

impl From<store::Progress> for wit::Progress {
    fn from(progress: store::Progress) -> Self {
        Self {
            events: progress.events.into_iter().map(Into::into).collect(),
            state: progress.state.into(),
            running: progress.running,
        }
    }
}
