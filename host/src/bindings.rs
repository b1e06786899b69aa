//! What wasmtime generates from `wit/`: the interfaces that the host gives beside WASI's own.

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "host",
        imports: {
            default: async | trappable,
            "attache:agent/caller.identify": trappable,
            "attache:agent/card-signer.sign": trappable,
            "attache:agent/usage.asked": trappable,
            "attache:agent/usage.called": trappable,
            "attache:agent/usage.may-ask": trappable,
            "wasi:config/store.get": trappable,
            "wasi:config/store.get-all": trappable,
            "attache:agent/tasks.[constructor]task-log": trappable,
            "attache:agent/tasks.[method]run.stopping": trappable,
            "attache:agent/tasks.[method]run.watch": trappable,
        },
        exports: { default: async },
        require_store_data_send: true,
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "attache:agent/tasks.run": crate::tasks::Run,
            "attache:agent/tasks.task-log": crate::tasks::TaskLog,
        },
    });
}

/// A component that can take up a task again.
pub(crate) use generated::Host_Pre as WorkerPre;
pub(crate) use generated::attache::agent::{caller, card_signer, tasks, usage};
pub(crate) use generated::wasi::config::store;
