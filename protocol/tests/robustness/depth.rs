//! What is nested too deeply is an error with a sentence, on a stack as small as a component's.

use std::thread;

use http::{Method, Request};
use serde_json::{Value, json};

use crate::drive::{Driver, Got};
use crate::surface::request;

/// The stack that `wasm32-wasip2` programs have.
const STACK: usize = 1024 * 1024;

/// Runs on a stack of a component's size.
fn small<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(STACK).spawn(f).unwrap();
    thread.join().unwrap()
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

fn nested_objects(depth: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

fn rpc(body: String) -> Request<Vec<u8>> {
    request(Method::POST, "/", body.into_bytes())
}

fn code(driver: &mut Driver, request: Request<Vec<u8>>) -> Value {
    let got: Got = driver.answer(request);
    let answer: Value = serde_json::from_slice(&got.body).unwrap();
    match answer["error"].get("code") {
        Some(code) => code.clone(),
        None => json!("a result"),
    }
}

#[test]
fn nesting_is_refused_by_the_layer_that_finds_it() {
    small(|| {
        let mut driver = Driver::new();
        for depth in [10_000, 1_000_000] {
            for nest in [nested(depth), nested_objects(depth)] {
                let send = |part: &str| {
                    format!(
                        r#"{{"message":{{"messageId":"m","role":"ROLE_USER","parts":[{part}]}},"metadata":{{}}}}"#
                    )
                };
                let call = |method: &str, params: &str| {
                    rpc(format!(
                        r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#
                    ))
                };
                let open = "[".repeat(depth);
                for (what, request, expected) in [
                    ("the body", rpc(nest.clone()), json!(-32600)),
                    ("an open body", rpc(open), json!(-32700)),
                    (
                        "the id",
                        rpc(format!(
                            r#"{{"jsonrpc":"2.0","id":{nest},"method":"ListTasks"}}"#
                        )),
                        json!(-32600),
                    ),
                    (
                        "the method",
                        rpc(format!(r#"{{"jsonrpc":"2.0","id":1,"method":{nest}}}"#)),
                        json!(-32600),
                    ),
                    (
                        "an unknown member",
                        rpc(format!(
                            r#"{{"jsonrpc":"2.0","id":1,"method":"ListTasks","x":{nest}}}"#
                        )),
                        json!("a result"),
                    ),
                    (
                        "a data part",
                        call("SendMessage", &send(&format!(r#"{{"data":{nest}}}"#))),
                        json!(-32602),
                    ),
                    (
                        "an unknown part",
                        call("SendMessage", &send(&nest)),
                        json!(-32602),
                    ),
                    (
                        "metadata",
                        call(
                            "CancelTask",
                            &format!(r#"{{"id":"t","metadata":{{"a":{nest}}}}}"#),
                        ),
                        json!(-32602),
                    ),
                    (
                        "an id of a task",
                        call("GetTask", &format!(r#"{{"id":{nest}}}"#)),
                        json!(-32602),
                    ),
                    (
                        "a state",
                        call("ListTasks", &format!(r#"{{"status":{nest}}}"#)),
                        json!(-32602),
                    ),
                    (
                        "a webhook",
                        call(
                            "CreateTaskPushNotificationConfig",
                            &format!(r#"{{"authentication":{nest}}}"#),
                        ),
                        json!(-32602),
                    ),
                    (
                        "the body of HTTP+JSON",
                        request(Method::POST, "/message:send", nest.clone().into_bytes()),
                        json!(400),
                    ),
                    (
                        "a part over HTTP+JSON",
                        request(
                            Method::POST,
                            "/message:send",
                            send(&format!(r#"{{"data":{nest}}}"#)).into_bytes(),
                        ),
                        json!(400),
                    ),
                    (
                        "the body of a cancel",
                        request(
                            Method::POST,
                            "/tasks/t:cancel",
                            format!(r#"{{"metadata":{{"a":{nest}}}}}"#).into_bytes(),
                        ),
                        json!(400),
                    ),
                ] {
                    assert_eq!(code(&mut driver, request), expected, "{what}, {depth} deep");
                }
            }
        }
    });
}

/// Data is stored within a task, and so deeper than it came; it has to be read again from there.
#[test]
fn what_is_taken_can_be_read_again() {
    small(|| {
        let mut driver = Driver::new();
        let mut taken = 0;
        for depth in 80..140 {
            for (index, nest) in [nested(depth), nested_objects(depth)]
                .into_iter()
                .enumerate()
            {
                let body = format!(
                    r#"{{"message":{{"messageId":"m{depth}-{index}","role":"ROLE_USER","parts":[{{"data":{nest}}}]}}}}"#
                );
                let sent = driver.answer(request(Method::POST, "/message:send", body.into_bytes()));
                if !sent.status.is_success() {
                    let error: Value = serde_json::from_slice(&sent.body).unwrap();
                    let violation = &error["error"]["details"][1]["fieldViolations"][0];
                    let description = violation["description"].as_str().unwrap();
                    assert!(description.contains("nested"), "{description}");
                    continue;
                }
                taken += 1;
                let list = driver.answer(request(
                    Method::GET,
                    "/tasks?includeArtifacts=true&pageSize=1",
                    Vec::new(),
                ));
                assert!(
                    list.status.is_success(),
                    "{depth}: {}",
                    String::from_utf8_lossy(&list.body)
                );
            }
        }
        assert!(taken >= 20, "only {taken} were taken");
    });
}
