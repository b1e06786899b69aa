#![allow(unsafe_code, reason = "generated")]
#![allow(missing_docs, reason = "generated")]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "sdk",
    with: {
        "wasi:io/poll@0.2.12": wasip2::io::poll,
    },
    generate_all,
});

export!(Probe);
wasip2::http::proxy::export!(Probe);

use crate::Probe;
