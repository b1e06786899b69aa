//! Spin's own interfaces, generated from `wit/`.

#![allow(missing_docs, reason = "generated")]

wasmtime::component::bindgen!({
    path: "src/spin/wit",
    world: "platform",
    imports: { default: async | trappable },
    with: {
        "spin:sqlite/sqlite.connection": super::sqlite::Connection,
    },
    require_store_data_send: true,
});
