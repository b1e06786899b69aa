//! What one request's store holds.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::log::Log;
use super::outbound::Outbound;
use super::sqlite::Databases;
use super::variables::Variables;

/// The parts that all requests of an application share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) databases: Arc<Databases>,
    pub(crate) variables: Arc<Variables>,
    pub(crate) outbound: Outbound,
    pub(crate) log: Log,
}

/// One store. Spin gives every request a new one, so nothing here outlives a request.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) databases: Arc<Databases>,
    pub(crate) variables: Arc<Variables>,
    /// Connections opened by this instance and not yet dropped.
    pub(crate) connections: usize,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

impl State {
    /// No folders, no environment, no arguments, no sockets: what Spin gives a component without
    /// `files` and `environment`.
    pub(crate) fn new(shared: &Shared) -> Self {
        Self {
            table: ResourceTable::new(),
            databases: shared.databases.clone(),
            variables: shared.variables.clone(),
            connections: 0,
            wasi: WasiCtx::builder()
                .stdout(shared.log.clone())
                .stderr(shared.log.clone())
                .build(),
            http: WasiHttpCtx::new(),
            outbound: shared.outbound.clone(),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.outbound,
        }
    }
}
