//! Generated from `wit/`. The WASI half comes from the `wasip2` crate, so that its resources and
//! those of `attache:agent` are the same types.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "generated code: the canonical ABI is made of raw pointers"
)]

wit_bindgen::generate!({
    world: "attache:agent/sdk",
    path: "../wit",
    pub_export_macro: true,
    export_macro_name: "export_worker",
    default_bindings_module: "attache_sdk::bindings",
    with: {
        "wasi:io/poll@0.2.12": wasip2::io::poll,
    },
    generate_all,
});
