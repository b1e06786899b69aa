//! The parsers of version 0.3.

use http::{Method, Request};
use serde_json::{Value, json};

use super::{Feed, Surface, any_json, http_json, request, target};
use crate::drive::TASK;
use crate::generate::{self, Rng};

macro_rules! surfaces {
    ($($name:literal: $make:expr => $check:expr;)*) => {
        vec![$(Surface { name: $name, feed: Feed::Request($make, $check) }),*]
    };
}

pub(super) fn all() -> Vec<Surface> {
    surfaces! {
        "0.3 message/send": |rng| params(rng, "message/send", &send()) => any_json;
        "0.3 tasks/…": tasks => any_json;
        "0.3 tasks/pushNotificationConfig/…": webhooks => any_json;
        "0.3 paths": paths => http_json;
        "0.3 body of a message": |rng| body(rng, "/v1/message:send", &proto_send()) => http_json;
        "0.3 body of a webhook": |rng| {
            let valid = [
                json!({"parent": format!("tasks/{TASK}"), "configId": "c", "config": {"name": "x", "pushNotificationConfig": {"url": "https://a.b"}}}),
                json!({"name": format!("tasks/{TASK}/pushNotificationConfigs/c"), "pushNotificationConfig": {"url": "https://a.b", "authentication": {"schemes": ["Bearer"]}}}),
                json!({"url": "https://a.b", "token": "t"}),
            ];
            let valid = &valid[rng.below(3)];
            body(rng, &format!("/v1/tasks/{TASK}/pushNotificationConfigs"), valid)
        } => http_json;
    }
}

fn send() -> Value {
    json!({
        "message": {
            "kind": "message", "messageId": "m", "contextId": "c", "role": "user",
            "parts": [
                {"kind": "text", "text": "hello"},
                {"kind": "file", "file": {"bytes": "aGk=", "mimeType": "text/plain", "name": "a"}},
                {"kind": "file", "file": {"uri": "https://a.b"}},
                {"kind": "data", "data": {"value": 1}, "metadata": {"data_part_compat": true}},
            ],
            "metadata": {"a": 1}, "extensions": ["urn:x"], "referenceTaskIds": ["t"],
        },
        "configuration": {
            "blocking": true, "historyLength": 2, "acceptedOutputModes": ["text/plain"],
            "pushNotificationConfig": {"url": "https://a.b", "authentication": {"schemes": ["Bearer"], "credentials": "x"}},
        },
        "metadata": {"b": [1]},
    })
}

fn proto_send() -> Value {
    json!({
        "message": {
            "messageId": "m", "role": "ROLE_USER",
            "content": [
                {"text": "hello"},
                {"file": {"fileWithBytes": "YUdrPQ==", "mimeType": "text/plain", "name": "a"}},
                {"file": {"fileWithUri": "https://a.b"}},
                {"data": {"data": {"a": 1}}},
            ],
        },
        "configuration": {"blocking": true, "history_length": 1, "pushNotification": {"url": "https://a.b"}},
    })
}

/// What names no version is 0.3.
fn old(mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
    request.headers_mut().remove("a2a-version");
    request
}

fn params(rng: &mut Rng, method: &str, valid: &Value) -> Request<Vec<u8>> {
    let mut body =
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":"#).into_bytes();
    body.extend(generate::json(rng, valid));
    body.push(b'}');
    old(request(Method::POST, "/", body))
}

fn tasks(rng: &mut Rng) -> Request<Vec<u8>> {
    let method = ["tasks/get", "tasks/cancel", "tasks/resubscribe"][rng.below(3)];
    let valid = json!({"id": "t", "historyLength": 1, "metadata": {"a": 1}});
    params(rng, method, &valid)
}

fn webhooks(rng: &mut Rng) -> Request<Vec<u8>> {
    let valid = [
        (
            "set",
            json!({"taskId": TASK, "pushNotificationConfig": {"id": "c", "url": "https://a.b", "authentication": {"schemes": ["Bearer"]}}}),
        ),
        ("get", json!({"id": TASK, "pushNotificationConfigId": "c"})),
        ("list", json!({"id": TASK})),
        (
            "delete",
            json!({"id": TASK, "pushNotificationConfigId": "c"}),
        ),
    ];
    let (method, valid) = &valid[rng.below(4)];
    params(
        rng,
        &format!("tasks/pushNotificationConfig/{method}"),
        valid,
    )
}

fn paths(rng: &mut Rng) -> Request<Vec<u8>> {
    let valid = [
        "/v1/tasks/x:cancel",
        "/v1/tasks/a%2Fb?history_length=1",
        "/v1/tasks/x/pushNotificationConfigs/y",
        "/v1/message:stream",
        "/v1/card",
    ];
    let method = [Method::GET, Method::POST, Method::DELETE][rng.below(3)].clone();
    let target = target(&generate::text(rng, &valid));
    old(request(method, &target, b"{}".to_vec()))
}

fn body(rng: &mut Rng, path: &str, valid: &Value) -> Request<Vec<u8>> {
    let body = if rng.once_in(6) {
        generate::noise(rng)
    } else {
        generate::json(rng, valid)
    };
    old(request(Method::POST, path, body))
}
