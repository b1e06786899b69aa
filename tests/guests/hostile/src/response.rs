//! Responses that nobody could want.

use attache_sdk::wasip2::http::types::{Fields, ResponseOutparam};

use crate::reply::Reply;

/// A body without an end. That nobody reads it does not end it.
pub(crate) fn endless(mut reply: Reply) {
    let piece = "x".repeat(4096);
    loop {
        let _ = reply.write(&piece);
    }
}

/// Small headers, and many of them.
pub(crate) fn many_headers(out: ResponseOutparam) {
    Reply::with_fields(out, fields(1_000, 8)).end("with headers");
}

/// Few headers, and large ones.
pub(crate) fn large_headers(out: ResponseOutparam) {
    Reply::with_fields(out, fields(20, 4_000)).end("with headers");
}

/// Headers that are never sent.
pub(crate) fn endless_headers() {
    let fields = Fields::new();
    for number in 0_u64.. {
        let _ = fields.append(&format!("x-{number}"), b"value");
    }
}

pub(crate) fn trailers(out: ResponseOutparam) {
    let mut reply = Reply::to(out);
    let _ = reply.write("begun");
    reply.finish(Some(fields(1_000, 8)));
}

fn fields(count: usize, length: usize) -> Fields {
    let fields = Fields::new();
    let value = "v".repeat(length);
    for number in 0..count {
        let _ = fields.append(&format!("x-{number}"), value.as_bytes());
    }
    fields
}
