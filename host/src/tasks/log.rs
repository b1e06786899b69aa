use attache_task_store::{
    Database, DeletePushConfig, Events, Get, Lease, List, Opening, Operation, PushConfigs,
    PutPushConfig, ReadState, Scope, WriteState,
};
use tracing::{Span, warn};
use wasmtime::Result;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::{DynPollable, subscribe};

use super::calls::{Calls, Purpose};
use super::keeper::{Beginning, Keeper};
use super::now;
use super::onlooker::Onlooker;
use super::run::Run;
use super::space::Space;
use super::watch::{Reader, TaskWatch};
use crate::bindings::tasks::{
    self as wit, Begun, Error, Host, HostTaskLog, Page, Progress, PushConfig, Query, Started, Task,
};
use crate::dispatch::Dispatcher;
use crate::telemetry::set_task;

/// The task log of one request: every call is bound to this agent and this owner.
#[derive(Debug)]
pub struct Tasks {
    pub(super) keeper: Keeper,
    pub(super) dispatcher: Dispatcher,
    space: Space,
    owner: String,
    adoption: Option<Adoption>,
    onlooker: Onlooker,
    pub(super) calls: Calls,
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
    /// For a request of `owner` in `space`, whose runs `dispatcher` finds a place for.
    pub fn new(keeper: Keeper, dispatcher: Dispatcher, space: Space, owner: String) -> Self {
        Self {
            keeper,
            dispatcher,
            space,
            owner,
            adoption: None,
            onlooker: Onlooker::default(),
            calls: Calls::default(),
        }
    }

    /// Whether this request works on something, or only looks on.
    pub fn onlooker(&self) -> &Onlooker {
        &self.onlooker
    }

    /// Whose log this is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The same log, as the agent of `space` sees it.
    #[must_use]
    pub fn within(self, space: Space) -> Self {
        Self { space, ..self }
    }

    /// Refuses calls after the first `most`.
    pub fn allow_calls(&mut self, most: u64) {
        self.calls = Calls::at_most(most);
    }

    pub(super) fn adopting(keeper: Keeper, adoption: Adoption) -> Self {
        Self {
            keeper,
            dispatcher: Dispatcher::inline(),
            space: Space::default(),
            owner: adoption.lease.scope.owner.clone(),
            adoption: Some(adoption),
            onlooker: Onlooker::default(),
            calls: Calls::default(),
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
    /// The log that a call is about, unless it is one call too many.
    fn scope(
        &mut self,
        log: &Resource<TaskLog>,
        purpose: Purpose,
    ) -> Result<std::result::Result<Scope, Error>> {
        let scope = self.table.get(log)?.scope.clone();
        Ok(self.tasks.calls.count(purpose).map(|()| scope))
    }

    /// Performs an operation on `log`.
    async fn perform<O>(
        &mut self,
        log: Resource<TaskLog>,
        operation: impl FnOnce(Scope) -> O,
    ) -> Result<std::result::Result<O::Output, Error>>
    where
        O: Operation + 'static,
    {
        self.perform_for(Purpose::Work, log, operation).await
    }

    async fn perform_for<O>(
        &mut self,
        purpose: Purpose,
        log: Resource<TaskLog>,
        operation: impl FnOnce(Scope) -> O,
    ) -> Result<std::result::Result<O::Output, Error>>
    where
        O: Operation + 'static,
    {
        let scope = match self.scope(&log, purpose)? {
            Ok(scope) => scope,
            Err(refused) => return Ok(Err(refused)),
        };
        let performed = self.tasks.keeper.database().perform(operation(scope)).await;
        Ok(performed.map_err(Into::into))
    }
}

impl Host for TaskView<'_> {}

impl HostTaskLog for TaskView<'_> {
    fn new(&mut self, tenant: String) -> Result<Resource<TaskLog>> {
        let scope = self.tasks.space.scope(&tenant, &self.tasks.owner);
        Ok(self.table.push(TaskLog { scope })?)
    }

    async fn begin(
        &mut self,
        log: Resource<TaskLog>,
        opening: wit::Opening,
    ) -> Result<std::result::Result<Begun, Error>> {
        let scope = match self.scope(&log, Purpose::Work)? {
            Ok(scope) => scope,
            Err(refused) => return Ok(Err(refused)),
        };
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
                    let run = self.table.push(Run(run, self.tasks.onlooker.runs()))?;
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
        let get = |scope| Get {
            scope,
            task_id,
            now: now(),
        };
        Ok(self
            .perform_for(Purpose::Closing, log, get)
            .await?
            .map(Into::into))
    }

    async fn list(
        &mut self,
        log: Resource<TaskLog>,
        query: Query,
    ) -> Result<std::result::Result<Page, Error>> {
        let list = |scope| List {
            scope,
            query: query.into(),
            now: now(),
        };
        Ok(self.perform(log, list).await?.map(Into::into))
    }

    async fn events(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        after: u64,
    ) -> Result<std::result::Result<Progress, Error>> {
        let events = |scope| Events {
            scope,
            task_id,
            after,
            now: now(),
        };
        Ok(self.perform(log, events).await?.map(Into::into))
    }

    async fn watch(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        after: u64,
    ) -> Result<std::result::Result<Resource<DynPollable>, Error>> {
        let scope = match self.scope(&log, Purpose::Work)? {
            Ok(scope) => scope,
            Err(refused) => return Ok(Err(refused)),
        };
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
            Ok(progress) if progress.events.is_empty() => {
                let reader = Reader {
                    keeper: self.tasks.keeper.clone(),
                    onlooker: self.tasks.onlooker.clone(),
                };
                TaskWatch::asleep(sleeper, reader)
            }
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
        let scope = match self.scope(&log, Purpose::Work)? {
            Ok(scope) => scope,
            Err(refused) => return Ok(Err(refused)),
        };
        let canceled = self.tasks.keeper.cancel(scope, task_id).await;
        Ok(canceled.map_err(Into::into))
    }

    async fn put_push_config(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        config: PushConfig,
    ) -> Result<std::result::Result<(), Error>> {
        let put = |scope| PutPushConfig {
            scope,
            task_id,
            config: config.into(),
        };
        self.perform(log, put).await
    }

    async fn push_configs(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
    ) -> Result<std::result::Result<Vec<PushConfig>, Error>> {
        let configs = self
            .perform(log, |scope| PushConfigs { scope, task_id })
            .await?;
        Ok(configs.map(|configs| configs.into_iter().map(Into::into).collect()))
    }

    async fn delete_push_config(
        &mut self,
        log: Resource<TaskLog>,
        task_id: String,
        id: String,
    ) -> Result<std::result::Result<(), Error>> {
        let delete = |scope| DeletePushConfig { scope, task_id, id };
        self.perform(log, delete).await
    }

    async fn read_state(
        &mut self,
        log: Resource<TaskLog>,
        context_id: String,
        key: String,
    ) -> Result<std::result::Result<Option<Vec<u8>>, Error>> {
        let read = |scope| ReadState {
            scope,
            context_id,
            key,
        };
        self.perform(log, read).await
    }

    async fn write_state(
        &mut self,
        log: Resource<TaskLog>,
        context_id: String,
        key: String,
        value: Option<Vec<u8>>,
    ) -> Result<std::result::Result<(), Error>> {
        let write = |scope| WriteState {
            scope,
            context_id,
            key,
            value,
            now: now(),
        };
        self.perform(log, write).await
    }

    async fn drop(&mut self, log: Resource<TaskLog>) -> Result<()> {
        self.table.delete(log)?;
        Ok(())
    }
}
