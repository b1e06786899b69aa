//! Version 0.3 at the URLs of 1.0.

mod errors;
mod push;
mod rest;
mod streams;
mod tasks;

use std::rc::Rc;

use serde_json::json;

use super::*;

/// A request of a client that has not heard of versions.
fn old(request: Request<Vec<u8>>) -> Request<Vec<u8>> {
    let mut request = request;
    request.headers_mut().remove("a2a-version");
    request
}

fn call(method: &str, params: &Value) -> Request<Vec<u8>> {
    let body = json!({"jsonrpc": "2.0", "id": "i", "method": method, "params": params});
    old(post("/", body.to_string()))
}

async fn old_rpc(world: &Rc<World>, method: &str, params: Value) -> Value {
    ask(world, call(method, &params)).await.json()
}

fn old_message(id: &str, text: &str) -> Value {
    json!({
        "kind": "message", "messageId": id, "role": "user",
        "parts": [{"kind": "text", "text": text}],
    })
}

async fn old_send(world: &Rc<World>, id: &str, text: &str) -> Value {
    let params = json!({"message": old_message(id, text)});
    old_rpc(world, "message/send", params).await["result"].clone()
}
