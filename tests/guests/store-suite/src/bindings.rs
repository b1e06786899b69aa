#![allow(unsafe_code, reason = "generated")]
#![allow(missing_docs, reason = "generated")]

wit_bindgen::generate!({
    path: "wit",
    world: "store-suite",
});

export!(Suite);

use crate::Suite;
