#![allow(unsafe_code, reason = "generated")]
#![allow(missing_docs, reason = "generated")]

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package bench:forgetful;

        world forgetful {
            export attache:agent/tasks@0.1.0;
            export attache:agent/caller@0.1.0;
            export attache:agent/card-signer@0.1.0;
            export attache:agent/usage@0.1.0;
            export wasi:config/store@0.2.0-draft-2024-09-27;
        }
    ",
    world: "bench:forgetful/forgetful",
    with: {
        "wasi:io/poll@0.2.12": wasip2::io::poll,
    },
});

export!(Forgetful);

use crate::Forgetful;
