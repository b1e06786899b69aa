use attache_task_store::{
    Database, DeletePushConfig, Events, Get, Lease, List, Opening, PushConfigs, PutPushConfig,
    ReadState, Scope, WriteState,
};
use tracing::{Span, warn};
use wasmtime::Result;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::{DynPollable, subscribe};

use super::keeper::{Beginning, Keeper};
use super::now;
use super::run::Run;
use super::watch::TaskWatch;
use crate::bindings::tasks::{
    self as wit, Begun, Error, Host, HostTaskLog, Page, Progress, PushConfig, Query, Started, Task,
};
use crate::dispatch::Dispatcher;
use crate::telemetry::set_task;

/// The task log of one request: every call is bound to this owner.
#[derive(Debug)]
pub struct Tasks {
    pub(super) keeper: Keeper,
    pub(super) dispatcher: Dispatcher,
    owner: String,
    adoption: Option<Adoption>,
}

/// A claimed task that the host hands to an instance. The instance resumes it as it would resume
/// any task, and takes the host's claim over by that.
#[derive(Debug, Clone)]
pub(super) struct Adoption {
    pub(super) lease: Lease,
    /// Resuming forgets this, so it is kept here.
    pub(super) canceled: bool,
    /// A queue called for it.
    pub(super) called: bool,
}

impl Tasks {
    /// For a request of `owner`, whose runs `dispatcher` finds a place for.
    pub fn new(keeper: Keeper, dispatcher: Dispatcher, owner: String) -> Self {
        Self {
            keeper,
            dispatcher,
            owner,
            adoption: None,
        }
    }

    /// Whose log this is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    pub(super) fn adopting(keeper: Keeper, adoption: Adoption) -> Self {
        Self {
            keeper,
            dispatcher: Dispatcher::inline(),
            owner: adoption.lease.scope.owner.clone(),
            adoption: Some(adoption),
        }
    }
}

/// The resource `task-log`: one tenant's log.
#[derive(Debug)]
pub struct TaskLog {
    scope: Scope,
}

/// What a call of the component works on.
#[derive(Debug)]
pub struct TaskView<'a> {
    /// The request's half.
    pub tasks: &'a mut Tasks,
    /// The instance's resources.
    pub table: &'a mut ResourceTable,
}

/// Names [`TaskView`] to the linker.
#[derive(Debug)]
pub(crate) struct HasTasks;

impl HasData for HasTasks {
    type Data<'a> = TaskView<'a>;
}

impl TaskView<'_> {
    fn scope(&self, log: &Resource<TaskLog>) -> Result<Scope> {
        Ok(self.table.get(log)?.scope.clone())
    }
}

impl Host for TaskView<'_> {}

impl HostTaskLog for TaskView<'_> {
    fn new(&mut self, tenant: String) -> Result<Resource<TaskLog>> {
        let scope = Scope {
            tenant,
            owner: self.tasks.owner.clone(),
        };
        Ok(self.table.push(TaskLog { scope })?)
    }

    async fn begin(
        &mut self,
        log: Resource<TaskLog>,
        opening: wit::Opening,
    ) -> Result<std::result::Result<Begun, Error>> {
        let scope = self.scope(&log)?;
        let mut opening = Opening::from(opening);
        let (mut canceled, mut called) = (false, true);
        if let Opening::Resume {
            task_id, take_over, ..
        } = &mut opening
            && let Some(adoption) = self.tasks.adoption.take_if(|adoption| {
                adoption.lease.scope == scope && adoption.lease.task_id == *task_id
            })
        {
            *take_over = true;
            (canceled, called) = (adoption.canceled, adoption.called);
        }
        Ok(
            match self.tasks.keeper.begin(scope, opening, canceled).await {
                Ok(Beginning::Started {
                    run,
                    task,
                    checkpoint,
                    dispatched,
                }) => {
                    set_task(&Span::current(), &run.lease().task_id);
                    if dispatched && !called {
                        let task_id = &run.lease().task_id;
                        warn!(
                            "the queue never called for task {task_id:?}, which begins only now: \
                             see that the queue is not paused, and that the account that it calls \
                             as may call this service (roles/run.invoker)"
                        );
                    }
                    let run = self.table.push(Run(run))?;
                    Ok(Begun::Started(Started {
                        run,
                        task: task.map(Into::into),
                        checkpoint,
                        dispatched,
                    }))
                }
                Ok(Beginning::Repeated(task)) => Ok(Begun::Repeated(task.into())),
                Err(error) => Err(error.into()),
            },
        )
    }

    async fn get(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
    ) -> Result<std::result::Result<Task, Error>> {
        let get = Get {
            scope: self.scope(&log)?,
            task_id,
            now: now(),
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(get)
            .await
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn list(
        &mut self,
        log: Resource<TaskLog>,
        query: Query,
    ) -> Result<std::result::Result<Page, Error>> {
        let list = List {
            scope: self.scope(&log)?,
            query: query.into(),
            now: now(),
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(list)
            .await
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn events(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        after: u64,
    ) -> Result<std::result::Result<Progress, Error>> {
        let events = Events {
            scope: self.scope(&log)?,
            task_id,
            after,
            now: now(),
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(events)
            .await
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn watch(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        after: u64,
    ) -> Result<std::result::Result<Resource<DynPollable>, Error>> {
        let scope = self.scope(&log)?;
        // First registered, then looked: what is written in between is not missed.
        let sleeper = self.tasks.keeper.wakeups().register(&scope, &task_id);
        let events = Events {
            scope,
            task_id,
            after,
            now: now(),
        };
        let watch = match self.tasks.keeper.database().perform(events).await {
            // A task that rests, waiting for its client, is waited for like one that is in work.
            Ok(progress) if progress.events.is_empty() => TaskWatch::asleep(sleeper),
            Ok(_) => TaskWatch::ready_now(),
            Err(error) => return Ok(Err(error.into())),
        };
        let watch = self.table.push(watch)?;
        Ok(Ok(subscribe(self.table, watch)?))
    }

    async fn cancel(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
    ) -> Result<std::result::Result<(), Error>> {
        let scope = self.scope(&log)?;
        Ok(self
            .tasks
            .keeper
            .cancel(scope, task_id)
            .await
            .map_err(Into::into))
    }

    async fn put_push_config(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        config: PushConfig,
    ) -> Result<std::result::Result<(), Error>> {
        let put = PutPushConfig {
            scope: self.scope(&log)?,
            task_id,
            config: config.into(),
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(put)
            .await
            .map_err(Into::into))
    }

    async fn push_configs(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
    ) -> Result<std::result::Result<Vec<PushConfig>, Error>> {
        let configs = PushConfigs {
            scope: self.scope(&log)?,
            task_id,
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(configs)
            .await
            .map(|configs| configs.into_iter().map(Into::into).collect())
            .map_err(Into::into))
    }

    async fn delete_push_config(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        id: String,
    ) -> Result<std::result::Result<(), Error>> {
        let delete = DeletePushConfig {
            scope: self.scope(&log)?,
            task_id,
            id,
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(delete)
            .await
            .map_err(Into::into))
    }

    async fn read_state(
        &mut self,
        log: Resource<TaskLog>,
        context_id: String,
        key: String,
    ) -> Result<std::result::Result<Option<Vec<u8>>, Error>> {
        let read = ReadState {
            scope: self.scope(&log)?,
            context_id,
            key,
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(read)
            .await
            .map_err(Into::into))
    }

    async fn write_state(
        &mut self,
        log: Resource<TaskLog>,
        context_id: String,
        key: String,
        value: Option<Vec<u8>>,
    ) -> Result<std::result::Result<(), Error>> {
        let write = WriteState {
            scope: self.scope(&log)?,
            context_id,
            key,
            value,
            now: now(),
        };
        Ok(self
            .tasks
            .keeper
            .database()
            .perform(write)
            .await
            .map_err(Into::into))
    }

    async fn drop(&mut self, log: Resource<TaskLog>) -> Result<()> {
        self.table.delete(log)?;
        Ok(())
    }
}
