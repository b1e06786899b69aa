//! One instance of the component: what the host keeps while it serves one request.
//!
//! An instance is made for a request and ends with it, so nothing that one caller leaves behind
//! can meet another. It has no folders, no sockets, no environment and no arguments; what it prints
//! goes to the log.

mod memory;
mod output;

use wasmtime::Store;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings;
use crate::card_signer::CardSigner;
use crate::identity::Caller;
use crate::outbound::OutboundHooks;
use crate::settings::Settings;
use crate::tasks::{HasTasks, TaskView, Tasks};
use crate::telemetry::metrics;

use memory::MemoryLimit;
use output::Output;

/// Resources that one instance may hold: streams, requests, pollables, runs.
const RESOURCES: usize = 10_000;

/// The capabilities of one request.
pub struct Capabilities {
    /// The config keys.
    pub settings: Settings,
    /// Who calls.
    pub caller: Caller,
    /// What signs cards.
    pub card_signer: CardSigner,
    /// The task log, bound to the caller's owner.
    pub tasks: Tasks,
    /// Outgoing requests.
    pub outbound: OutboundHooks,
}

/// The host's half of an instance.
pub struct Instance {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    capabilities: Capabilities,
    memory: MemoryLimit,
    _alive: metrics::Counted,
}

impl Instance {
    /// The state of a new instance with at most `memory` bytes of linear memory.
    pub fn new(capabilities: Capabilities, memory: usize) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let span = tracing::Span::current();
        let wasi = WasiCtx::builder()
            .stdout(Output::new("stdout", span.clone()))
            .stderr(Output::new("stderr", span))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Self {
            table,
            wasi,
            http: WasiHttpCtx::new(),
            capabilities,
            memory: MemoryLimit::new(memory),
            _alive: metrics::instance(),
        }
    }

    /// Puts the instance under its limits.
    pub fn limit(store: &mut Store<Self>) {
        store.limiter(|instance| &mut instance.memory);
    }
}

/// Links every interface that a component may import.
///
/// # Errors
/// When two of them collide, which is a mistake in this function.
pub fn link(linker: &mut Linker<Instance>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    bindings::store::add_to_linker::<_, HasSelf<Settings>>(linker, |instance: &mut Instance| {
        &mut instance.capabilities.settings
    })?;
    bindings::caller::add_to_linker::<_, HasSelf<Caller>>(linker, |instance: &mut Instance| {
        &mut instance.capabilities.caller
    })?;
    bindings::card_signer::add_to_linker::<_, HasSelf<CardSigner>>(
        linker,
        |instance: &mut Instance| &mut instance.capabilities.card_signer,
    )?;
    bindings::tasks::add_to_linker::<_, HasTasks>(linker, |instance: &mut Instance| TaskView {
        tasks: &mut instance.capabilities.tasks,
        table: &mut instance.table,
    })
}

impl WasiView for Instance {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Instance {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.capabilities.outbound,
        }
    }
}
