//! One instance of the component: what the host keeps while it serves one request.
//!
//! An instance is made for a request and ends with it, so nothing that one caller leaves behind
//! can meet another. It has no folders, no sockets, no environment and no arguments; what it prints
//! goes to the log.

mod breach;
mod growth;
mod output;

pub use breach::Breach;

use wasmtime::Store;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings;
use crate::card_signer::CardSigner;
use crate::config::GuestLimits;
use crate::identity::Caller;
use crate::outbound::OutboundHooks;
use crate::settings::RequestSettings;
use crate::tasks::{HasTasks, Onlooker, TaskView, Tasks};
use crate::telemetry::metrics;
use crate::usage::Usage;

use growth::Growth;
use output::{Allowance, Output};

/// Bytes that a component may hand over in one call: the largest append that the task log takes.
const CALL: usize = 160 << 20;
/// How many bytes of host memory the fields of a head take, for each byte that is sent of them.
const FIELD_OVERHEAD: usize = 4;

/// The capabilities of one request.
pub struct Capabilities {
    /// The config keys.
    pub settings: RequestSettings,
    /// Who calls.
    pub caller: Caller,
    /// What signs cards.
    pub card_signer: CardSigner,
    /// The task log, bound to the caller's owner.
    pub tasks: Tasks,
    /// What models and tools took.
    pub usage: Usage,
    /// Outgoing requests.
    pub outbound: OutboundHooks,
}

/// The host's half of an instance.
pub struct Instance {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    capabilities: Capabilities,
    growth: Growth,
    _alive: metrics::Counted,
}

impl Instance {
    /// The state of a new instance under `limits`.
    pub fn new(capabilities: Capabilities, limits: &GuestLimits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        let span = tracing::Span::current();
        let allowance = Allowance::new(limits.log);
        let wasi = WasiCtx::builder()
            .stdout(Output::new("stdout", span.clone(), allowance.clone()))
            .stderr(Output::new("stderr", span, allowance))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.max_response_head.saturating_mul(FIELD_OVERHEAD));
        Self {
            table,
            wasi,
            http,
            capabilities,
            growth: Growth::new(limits),
            _alive: metrics::instance(),
        }
    }

    /// Whether it works on something, or only looks on.
    pub fn onlooker(&self) -> &Onlooker {
        self.capabilities.tasks.onlooker()
    }

    /// Puts the instance under `limits`, as far as the engine keeps them.
    pub fn limit(store: &mut Store<Self>, limits: &GuestLimits) {
        store.limiter(|instance| &mut instance.growth);
        store.set_hostcall_fuel(CALL);
        // Resources of the component's own count here alone.
        store.set_max_component_handles(limits.resources);
    }
}

/// Links every interface that a component may import.
///
/// # Errors
/// When two of them collide, which is a mistake in this function.
pub fn link(linker: &mut Linker<Instance>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    bindings::store::add_to_linker::<_, HasSelf<RequestSettings>>(
        linker,
        |instance: &mut Instance| &mut instance.capabilities.settings,
    )?;
    bindings::caller::add_to_linker::<_, HasSelf<Caller>>(linker, |instance: &mut Instance| {
        &mut instance.capabilities.caller
    })?;
    bindings::card_signer::add_to_linker::<_, HasSelf<CardSigner>>(
        linker,
        |instance: &mut Instance| &mut instance.capabilities.card_signer,
    )?;
    bindings::usage::add_to_linker::<_, HasSelf<Usage>>(linker, |instance: &mut Instance| {
        &mut instance.capabilities.usage
    })?;
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
