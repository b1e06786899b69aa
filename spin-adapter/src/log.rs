//! The log of one tenant.

use std::rc::Rc;

use attache_task_store::{
    Begin, Begun as Outcome, Cancel, DeletePushConfig, Events, Get, List, Opening as Kind,
    PushConfigs, PutPushConfig, ReadState, Scope, Task as Stored, WriteState,
};

use crate::Adapter;
use crate::bindings::exports::attache::agent::tasks::{
    self, Begun, Error, Guest, GuestTaskLog, Opening, Page, Progress, PushConfig, Query, Started,
    Task,
};
use crate::leases::{LEASE, is_stale, settle};
use crate::run::Run;
use crate::settings::idempotency_window_ms;
use crate::store::Store;
use crate::waiting::{Watched, now, pause};
use wasip2::io::poll::Pollable;

impl Guest for Adapter {
    type Run = Run;
    type TaskLog = Log;
}

/// Behind `attache:agent/tasks.task-log`.
pub(crate) struct Log {
    scope: Scope,
    watched: Watched,
}

impl Log {
    fn read(&self, store: &Store, id: String) -> Result<Stored, attache_task_store::Error> {
        store.perform(Get {
            scope: self.scope.clone(),
            task_id: id,
            now: now(),
        })
    }

    fn progress(
        &self,
        store: &Store,
        id: &str,
        after: u64,
    ) -> Result<attache_task_store::Progress, attache_task_store::Error> {
        let events = Events {
            scope: self.scope.clone(),
            task_id: id.to_owned(),
            after,
            now: now(),
        };
        let progress = store.perform(events.clone())?;
        if !is_stale(progress.state, progress.running) {
            return Ok(progress);
        }
        settle(store)?;
        store.perform(Events {
            now: now(),
            ..events
        })
    }

    /// The task as it stands, after its run was found to be gone or not.
    fn settled(&self, store: &Store, task: Stored) -> Result<Stored, attache_task_store::Error> {
        if !is_stale(task.state, task.running) {
            return Ok(task);
        }
        settle(store)?;
        self.read(store, task.id)
    }
}

impl GuestTaskLog for Log {
    fn new(tenant: String) -> Self {
        Self {
            scope: Scope {
                tenant,
                owner: String::new(),
            },
            watched: Watched::default(),
        }
    }

    fn begin(&self, opening: Opening) -> Result<Begun, Error> {
        let store = Store::of_this_instance()?;
        let opening = Kind::from(opening);
        if let Kind::Resume { task_id, .. } = &opening {
            // Fails the task first if its run is gone. What else is wrong with it, Begin says.
            let _ = self.progress(&store, task_id, u64::MAX);
        }
        let push = matches!(&opening, Kind::Create { push: Some(_), .. });
        let first = match &opening {
            Kind::Create { first, .. } => Some(first.state),
            Kind::Resume { .. } => None,
        };
        let begun = store.perform(Begin {
            scope: self.scope.clone(),
            opening,
            now: now(),
            lease_ms: LEASE,
            idempotency_window_ms: idempotency_window_ms()?,
        })?;
        match begun {
            Outcome::Started {
                lease,
                task,
                checkpoint,
                dispatched,
            } => {
                let resumed = task.as_ref().map(|task| task.state);
                let state = first
                    .or(resumed)
                    .unwrap_or(attache_task_store::State::Working);
                // A task can end with its first change; a resumed one is held whatever its state.
                let over = first.is_some_and(attache_task_store::State::ends_run);
                let run = Run::new(Rc::clone(&store), lease, state, over);
                if push {
                    run.notify();
                }
                Ok(Begun::Started(Started {
                    run: tasks::Run::new(run),
                    task: task.map(Task::from),
                    checkpoint,
                    dispatched,
                }))
            }
            Outcome::Repeated(task) => Ok(Begun::Repeated(self.settled(&store, task)?.into())),
        }
    }

    fn get(&self, id: String) -> Result<Task, Error> {
        let store = Store::of_this_instance()?;
        let task = self.read(&store, id)?;
        Ok(self.settled(&store, task)?.into())
    }

    fn list(&self, query: Query) -> Result<Page, Error> {
        let store = Store::of_this_instance()?;
        let list = List {
            scope: self.scope.clone(),
            query: query.into(),
            now: now(),
        };
        let page = store.perform(list.clone())?;
        if !page
            .tasks
            .iter()
            .any(|task| is_stale(task.state, task.running))
        {
            return Ok(page.into());
        }
        settle(&store)?;
        Ok(store.perform(List { now: now(), ..list })?.into())
    }

    fn events(&self, id: String, after: u64) -> Result<Progress, Error> {
        let store = Store::of_this_instance()?;
        Ok(self.progress(&store, &id, after)?.into())
    }

    /// Looks at the task only the first time: later waits end by themselves, and the caller then
    /// asks for the events anyway.
    fn watch(&self, id: String, after: u64) -> Result<Pollable, Error> {
        if !self.watched.knows(&id) {
            let store = Store::of_this_instance()?;
            let progress = self.progress(&store, &id, after)?;
            if !progress.events.is_empty() || !progress.running {
                return Ok(pause(0));
            }
        }
        Ok(pause(self.watched.wait(&id, after)))
    }

    fn cancel(&self, id: String) -> Result<(), Error> {
        let store = Store::of_this_instance()?;
        store.perform(Cancel {
            scope: self.scope.clone(),
            task_id: id,
        })?;
        Ok(())
    }

    fn put_push_config(&self, task_id: String, config: PushConfig) -> Result<(), Error> {
        let store = Store::of_this_instance()?;
        Ok(store.perform(PutPushConfig {
            scope: self.scope.clone(),
            task_id,
            config: config.into(),
        })?)
    }

    fn push_configs(&self, task_id: String) -> Result<Vec<PushConfig>, Error> {
        let store = Store::of_this_instance()?;
        let configs = store.perform(PushConfigs {
            scope: self.scope.clone(),
            task_id,
        })?;
        Ok(configs.into_iter().map(Into::into).collect())
    }

    fn delete_push_config(&self, task_id: String, id: String) -> Result<(), Error> {
        let store = Store::of_this_instance()?;
        Ok(store.perform(DeletePushConfig {
            scope: self.scope.clone(),
            task_id,
            id,
        })?)
    }

    fn read_state(&self, context_id: String, key: String) -> Result<Option<Vec<u8>>, Error> {
        let store = Store::of_this_instance()?;
        Ok(store.perform(ReadState {
            scope: self.scope.clone(),
            context_id,
            key,
        })?)
    }

    fn write_state(
        &self,
        context_id: String,
        key: String,
        value: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let store = Store::of_this_instance()?;
        Ok(store.perform(WriteState {
            now: now(),
            scope: self.scope.clone(),
            context_id,
            key,
            value,
        })?)
    }
}
