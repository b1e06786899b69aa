//! What an agent imports of the host, for `wasmtime serve`, which gives it WASI alone: a task log that
//! takes everything and keeps nothing. So the bench's agent can be asked there; each of its instances
//! serves one request and is gone, and whatever was kept with it.

mod bindings;

use std::cell::Cell;

use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::Pollable;

use crate::bindings::exports::attache::agent::tasks::{
    self, Begun, Change, Error, Opening, Page, Placement, Progress, PushConfig, Query, Started,
    Task,
};
use crate::bindings::exports::attache::agent::{caller, card_signer, usage};
use crate::bindings::exports::wasi::config::store as settings;

/// The component.
struct Forgetful;

impl tasks::Guest for Forgetful {
    type Run = Run;
    type TaskLog = Log;
}

/// Behind `attache:agent/tasks.run`: the number of the newest event is all that it knows.
struct Run(Cell<u64>);

impl tasks::GuestRun for Run {
    fn append(&self, change: Change) -> Result<u64, Error> {
        self.0.set(self.0.get() + change.events.len() as u64);
        Ok(self.0.get())
    }

    fn stopping(&self) -> bool {
        false
    }

    fn watch(&self) -> Pollable {
        monotonic_clock::subscribe_duration(u64::MAX)
    }

    fn dispatch(&self, _checkpoint: Option<Vec<u8>>) -> Result<Placement, Error> {
        Ok(Placement::Here)
    }
}

/// Behind `attache:agent/tasks.task-log`.
struct Log;

impl tasks::GuestTaskLog for Log {
    fn new(_tenant: String) -> Self {
        Self
    }

    fn begin(&self, opening: Opening) -> Result<Begun, Error> {
        let Opening::Create(creation) = opening else {
            return Err(Error::NotFound);
        };
        let newest = creation.first.events.len() as u64;
        Ok(Begun::Started(Started {
            run: tasks::Run::new(Run(Cell::new(newest))),
            task: None,
            checkpoint: None,
            dispatched: false,
        }))
    }

    fn get(&self, _id: String) -> Result<Task, Error> {
        Err(Error::NotFound)
    }

    fn list(&self, _query: Query) -> Result<Page, Error> {
        Ok(Page {
            tasks: Vec::new(),
            next: None,
            total: 0,
        })
    }

    fn events(&self, _id: String, _after: u64) -> Result<Progress, Error> {
        Err(Error::NotFound)
    }

    fn watch(&self, _id: String, _after: u64) -> Result<Pollable, Error> {
        Err(Error::NotFound)
    }

    fn cancel(&self, _id: String) -> Result<(), Error> {
        Err(Error::NotFound)
    }

    fn put_push_config(&self, _task_id: String, _config: PushConfig) -> Result<(), Error> {
        Err(Error::NotFound)
    }

    fn push_configs(&self, _task_id: String) -> Result<Vec<PushConfig>, Error> {
        Err(Error::NotFound)
    }

    fn delete_push_config(&self, _task_id: String, _id: String) -> Result<(), Error> {
        Err(Error::NotFound)
    }

    fn read_state(&self, _context_id: String, _key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    fn write_state(
        &self,
        _context_id: String,
        _key: String,
        _value: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        Ok(())
    }
}

impl caller::Guest for Forgetful {
    fn identify() -> Option<caller::Identity> {
        None
    }
}

impl card_signer::Guest for Forgetful {
    fn sign(_card: Vec<u8>) -> Option<card_signer::Signature> {
        None
    }
}

impl usage::Guest for Forgetful {
    fn may_ask(_task_id: Option<String>) -> Result<(), String> {
        Ok(())
    }

    fn asked(_call: usage::ModelCall) {}

    fn called(_call: usage::ToolCall) {}
}

/// `wasmtime serve` has the settings of another draft.
impl settings::Guest for Forgetful {
    fn get(_key: String) -> Result<Option<String>, settings::Error> {
        Ok(None)
    }

    fn get_all() -> Result<Vec<(String, String)>, settings::Error> {
        Ok(Vec::new())
    }
}
