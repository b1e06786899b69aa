//! A loaded component, ready to serve: what is built once per component.
//!
//! Everything that can be decided before a request is decided here: the component is compiled,
//! checked and linked, so that a request only takes an instance from the pool. A process serves
//! one agent; swapping it for another means replacing this value.

mod rehearsal;

pub use rehearsal::RehearsalError;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use attache_task_store::Scope;
use tracing::{Instrument, Span};
use wasmtime::component::Linker;
use wasmtime::{Engine, Store};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::bindings::WorkerPre;
use crate::card_signer::CardSigner;
use crate::component::{self, LoadError};
use crate::config::Limits;
use crate::dispatch::Dispatcher;
use crate::engine::CpuMeter;
use crate::identity::Caller;
use crate::instance::{self, Capabilities, Instance};
use crate::outbound::{Outbound, OutboundHooks};
use crate::push::Translate;
use crate::settings::Settings;
use crate::tasks::{Keeper, Resume, Tasks};
use crate::telemetry::{trapped, work_span};

/// What is built once per process and lent to every component.
#[derive(Clone)]
pub struct Shared {
    /// Compiles and runs.
    pub engine: Engine,
    /// What instances may use.
    pub limits: Limits,
    /// The way out.
    pub outbound: Outbound,
    /// The task log.
    pub keeper: Keeper,
    /// Where work goes on after the response.
    pub dispatcher: Dispatcher,
    /// What signs agent cards.
    pub card_signer: CardSigner,
}

/// A component that serves requests.
pub struct Agent {
    shared: Shared,
    /// Where it came from, for errors.
    path: String,
    settings: Settings,
    handler: ProxyPre<Instance>,
    worker: Option<WorkerPre<Instance>>,
}

impl Agent {
    /// Loads the component in `path`. Blocks while it compiles.
    ///
    /// # Errors
    /// [`LoadError`], when it cannot be read, loaded or linked.
    pub fn load(shared: Shared, path: &Path, settings: Settings) -> Result<Self, LoadError> {
        let bytes = component::read(path)?;
        Self::of_bytes(shared, path, &bytes, settings)
    }

    /// Loads the component that `path` holds, or what was compiled from it. Blocks while it compiles.
    ///
    /// # Errors
    /// [`LoadError`], when it cannot be loaded or linked.
    pub fn of_bytes(
        mut shared: Shared,
        path: &Path,
        bytes: &[u8],
        settings: Settings,
    ) -> Result<Self, LoadError> {
        let (component, exports) = component::load(&shared.engine, path, bytes)?;
        let invalid = |error: wasmtime::Error| LoadError::Invalid {
            path: path.display().to_string(),
            reason: format!("{error:#}"),
        };
        let mut linker = Linker::new(&shared.engine);
        instance::link(&mut linker).map_err(invalid)?;
        let linked = linker.instantiate_pre(&component).map_err(invalid)?;
        let worker = if exports.worker {
            Some(WorkerPre::new(linked.clone()).map_err(invalid)?)
        } else {
            // A call could hand it nothing.
            shared.dispatcher = Dispatcher::inline();
            None
        };
        let handler = ProxyPre::new(linked).map_err(invalid)?;
        Ok(Self {
            shared,
            path: path.display().to_string(),
            settings,
            handler,
            worker,
        })
    }

    /// What HTTP requests are handed to.
    pub fn handler(&self) -> &ProxyPre<Instance> {
        &self.handler
    }

    /// Whether it can take up stored tasks.
    pub fn resumes(&self) -> bool {
        self.worker.is_some()
    }

    /// A store for one instance, which serves `caller`. Call it inside the request's span.
    pub fn store(&self, caller: Caller) -> (Store<Instance>, CpuMeter) {
        let tasks = Tasks::new(
            self.shared.keeper.clone(),
            self.shared.dispatcher.clone(),
            caller.owner().to_owned(),
        );
        self.store_with(caller, tasks)
    }

    fn store_with(&self, caller: Caller, tasks: Tasks) -> (Store<Instance>, CpuMeter) {
        let capabilities = Capabilities {
            settings: self.settings.clone(),
            caller,
            card_signer: self.shared.card_signer.clone(),
            tasks,
            outbound: OutboundHooks::new(self.shared.outbound.clone(), Span::current()),
        };
        let instance = Instance::new(capabilities, self.shared.limits.memory);
        let mut store = Store::new(&self.shared.engine, instance);
        Instance::limit(&mut store);
        let meter = CpuMeter::new(self.shared.limits.cpu);
        meter.govern(&mut store);
        (store, meter)
    }

    async fn say_notification(
        &self,
        scope: Scope,
        task_id: String,
        version: String,
    ) -> Result<Vec<u8>, String> {
        let worker = self.worker()?;
        let caller = Caller::of_owner(scope.owner);
        let (mut store, meter) = self.store(caller);
        let said = Box::pin(async {
            let worker = worker.instantiate_async(&mut store).await?;
            worker
                .attache_agent_worker()
                .call_notification(&mut store, &scope.tenant, &task_id, &version)
                .await
        });
        untrapped("notification", meter.measure(said).await)
    }

    fn worker(&self) -> Result<&WorkerPre<Instance>, String> {
        let missing = || "the component exports no worker".to_owned();
        self.worker.as_ref().ok_or_else(missing)
    }

    async fn run_worker(
        &self,
        tasks: Tasks,
        tenant: String,
        task_id: String,
    ) -> Result<(), String> {
        let worker = self.worker()?;
        let caller = Caller::of_owner(tasks.owner().to_owned());
        let (mut store, meter) = self.store_with(caller, tasks);
        let run = Box::pin(async {
            let worker = worker.instantiate_async(&mut store).await?;
            worker
                .attache_agent_worker()
                .call_run(&mut store, &tenant, &task_id)
                .await
        });
        untrapped("run", meter.measure(run).await)
    }
}

/// What a function of the worker answered; that it trapped is an answer too.
fn untrapped<T>(function: &str, answer: wasmtime::Result<Result<T, String>>) -> Result<T, String> {
    answer.unwrap_or_else(|trap| {
        trapped(&format!("in worker.{function}"), &trap);
        Err("it trapped".to_owned())
    })
}

impl Translate for Agent {
    fn notification(
        &self,
        scope: Scope,
        task_id: String,
        protocol_version: String,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + '_>> {
        let span = work_span("notify", &task_id);
        let said = self.say_notification(scope, task_id, protocol_version);
        Box::pin(said.instrument(span))
    }
}

impl Resume for Agent {
    fn resume(
        &self,
        tasks: Tasks,
        tenant: String,
        task_id: String,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        let span = work_span("resume", &task_id);
        Box::pin(self.run_worker(tasks, tenant, task_id).instrument(span))
    }
}
