#![allow(unsafe_code, reason = "generated")]
#![allow(missing_docs, reason = "generated")]

wit_bindgen::generate!({
    path: "../wit",
    world: "spin-adapter",
    with: {
        "spin:sqlite/sqlite@3.0.0": attache_spin_sqlite::interface,
        "wasi:clocks/monotonic-clock@0.2.12": wasip2::clocks::monotonic_clock,
        "wasi:clocks/wall-clock@0.2.12": wasip2::clocks::wall_clock,
        "wasi:config/store@0.2.0-draft-2024-09-27": generate,
        "wasi:http/outgoing-handler@0.2.12": wasip2::http::outgoing_handler,
        "wasi:http/types@0.2.12": wasip2::http::types,
        "wasi:io/error@0.2.12": wasip2::io::error,
        "wasi:io/poll@0.2.12": wasip2::io::poll,
        "wasi:io/streams@0.2.12": wasip2::io::streams,
    },
});

export!(Adapter);

use crate::Adapter;
