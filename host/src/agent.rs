//! A loaded component, ready to serve: what is built once per component.
//!
//! Everything that can be decided before a request is decided here: the component is compiled,
//! checked and linked, so that a request only takes an instance from the pool. It does not change:
//! another component means another of these values, which takes this one's place in its [`Slot`].
//! All slots of a process are its [`Roster`].

mod name;
mod program;
mod rehearsal;
mod roster;
mod slot;
mod watcher;

pub use name::AgentName;
use program::Draft;
pub use program::Program;
pub use rehearsal::RehearsalError;
pub use roster::Roster;
pub use slot::{ReloadError, Reloaded, Slot};
pub use watcher::Watcher;

use std::sync::Arc;

use std::time::Duration;

use attache_task_store::Scope;
use tokio::time::timeout;
use tracing::{Span, error};
use wasmtime::{Engine, Store};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::bindings::WorkerPre;
use crate::card_signer::CardSigner;
use crate::component::{Cache, ComponentDigest};
use crate::config::GuestLimits;
use crate::dispatch::Dispatcher;
use crate::engine::{CpuMeter, Habit, Ticker};
use crate::identity::Caller;
use crate::instance::{Breach, Capabilities, Instance};
use crate::outbound::{Outbound, OutboundHooks};
use crate::registry::Registry;
use crate::settings::Settings;
use crate::tasks::{Keeper, Space, Tasks};
use crate::telemetry;
use crate::telemetry::ModelCalls;
use crate::usage::{Spending, Usage};

/// What is built once per process and lent to every component.
#[derive(Clone)]
pub struct Shared {
    /// Compiles and runs.
    pub engine: Engine,
    /// Compiled components.
    pub cache: Cache,
    /// Where components come from that are in no file.
    pub registry: Registry,
    /// Moves the engine's clock.
    pub ticker: Ticker,
    /// The task log.
    pub keeper: Keeper,
    /// Where work goes on after the response.
    pub dispatcher: Dispatcher,
    /// What signs agent cards.
    pub card_signer: CardSigner,
    /// What models took so far.
    pub spending: Spending,
}

/// What one agent is given, whichever component it is.
#[derive(Clone)]
pub struct Terms {
    /// None for the only agent of a process.
    pub name: Option<AgentName>,
    /// What instances may use.
    pub limits: GuestLimits,
    /// Bytes of a request body.
    pub max_body: u64,
    /// The way out.
    pub outbound: Outbound,
    /// The config keys.
    pub settings: Settings,
}

/// A component that serves requests.
pub struct Agent {
    shared: Shared,
    terms: Terms,
    program: Program,
    habit: Habit,
}

impl Agent {
    /// Serves `program` under these terms.
    pub fn new(mut shared: Shared, terms: Terms, program: Program) -> Self {
        if program.worker.is_none() {
            // A call could hand it nothing.
            shared.dispatcher = Dispatcher::inline();
        }
        Self {
            shared,
            terms,
            program,
            habit: Habit::default(),
        }
    }

    /// What HTTP requests are handed to.
    pub fn handler(&self) -> &ProxyPre<Instance> {
        &self.program.handler
    }

    /// For how long its instances compute.
    pub fn habit(&self) -> &Habit {
        &self.habit
    }

    /// What its instances may use.
    pub fn limits(&self) -> &GuestLimits {
        &self.terms.limits
    }

    /// Which component it is.
    pub fn digest(&self) -> ComponentDigest {
        self.program.digest
    }

    /// A store for one instance, which serves `caller`. Call it inside the request's span.
    pub fn store(&self, caller: Caller) -> (Store<Instance>, CpuMeter) {
        let tasks = Tasks::new(
            self.shared.keeper.clone(),
            self.shared.dispatcher.clone(),
            self.space(),
            caller.owner().to_owned(),
        );
        self.store_with(caller, tasks)
    }

    fn store_with(&self, caller: Caller, mut tasks: Tasks) -> (Store<Instance>, CpuMeter) {
        let limits = self.limits();
        tasks.allow_calls(limits.store_calls);
        let models = Arc::new(ModelCalls::default());
        let usage = Usage::new(
            self.shared.spending.clone(),
            self.terms.name.as_ref(),
            caller.owner(),
            limits,
            models.clone(),
        );
        let outbound = OutboundHooks::new(
            self.terms.outbound.clone(),
            caller.bearer(),
            Span::current(),
            models,
        );
        let capabilities = Capabilities {
            settings: self.terms.settings.for_request(&self.program.deployed_at),
            caller,
            card_signer: self.shared.card_signer.clone(),
            tasks,
            usage,
            outbound,
        };
        let instance = Instance::new(capabilities, limits);
        let mut store = Store::new(self.program.handler.engine(), instance);
        Instance::limit(&mut store, limits);
        let draft = self.program.draft.as_ref();
        let ticker = draft.map_or(&self.shared.ticker, Draft::ticker);
        let meter = CpuMeter::new(limits.cpu, ticker.clone());
        meter.govern(&mut store);
        (store, meter)
    }

    /// Whose tasks it sees.
    fn space(&self) -> Space {
        Space::of(self.terms.name.clone())
    }

    /// Says a task of its own in the words of an older version of the protocol.
    async fn notification(
        &self,
        scope: &Scope,
        task_id: &str,
        version: &str,
    ) -> Result<Vec<u8>, String> {
        let worker = self.worker()?;
        let tenant = self.tenant(scope)?;
        let caller = Caller::of_owner(scope.owner.clone());
        let (mut store, meter) = self.store(caller);
        let said = Box::pin(async {
            let worker = worker.instantiate_async(&mut store).await?;
            worker
                .attache_agent_worker()
                .call_notification(&mut store, tenant, task_id, version)
                .await
        });
        let patience = self.limits().response_head;
        let late = Breach::Late(patience);
        self.untrapped("notification", patience, late, meter.measure(said))
            .await
    }

    fn worker(&self) -> Result<&WorkerPre<Instance>, String> {
        let missing = || "the component exports no worker".to_owned();
        self.program.worker.as_ref().ok_or_else(missing)
    }

    fn tenant<'a>(&self, scope: &'a Scope) -> Result<&'a str, String> {
        let strange = || "the task is another agent's".to_owned();
        self.space().tenant(scope).ok_or_else(strange)
    }

    /// Takes up a stored task of its own.
    async fn resume(&self, tasks: Tasks, scope: &Scope, task_id: &str) -> Result<(), String> {
        let worker = self.worker()?;
        let tenant = self.tenant(scope)?;
        let tasks = tasks.within(self.space());
        let caller = Caller::of_owner(tasks.owner().to_owned());
        let (mut store, meter) = self.store_with(caller, tasks);
        let run = Box::pin(async {
            let worker = worker.instantiate_async(&mut store).await?;
            worker
                .attache_agent_worker()
                .call_run(&mut store, tenant, task_id)
                .await
        });
        let patience = self.limits().background;
        let late = Breach::Background(patience);
        self.untrapped("run", patience, late, meter.measure(run))
            .await
    }

    /// What a function of the worker answers; that it traps, or takes too long, is an answer too.
    async fn untrapped<T>(
        &self,
        function: &str,
        patience: Duration,
        late: Breach,
        call: impl Future<Output = wasmtime::Result<Result<T, String>>>,
    ) -> Result<T, String> {
        match timeout(patience, call).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(trap)) => {
                self.trapped(&format!("in worker.{function}"), &trap);
                Err("it trapped".to_owned())
            }
            Err(_) => {
                late.hit();
                error!("in worker.{function}: {late}");
                Err(late.told().to_owned())
            }
        }
    }

    /// Notes that an instance trapped while it did `what`, such as `in worker.run`. Returns the limit
    /// that it did so by.
    pub fn trapped(&self, what: &str, trap: &wasmtime::Error) -> Option<Breach> {
        let breach = Breach::of_trap(trap, self.limits());
        match breach {
            // The trap says so itself.
            None | Some(Breach::Cpu(_)) => telemetry::trapped(what, trap),
            Some(breach) => telemetry::trapped(&format!("{what} ({breach})"), trap),
        }
        if let Some(breach) = breach {
            breach.hit();
        }
        breach
    }
}
