//! Errors (sections 3.3.2 and 5.4): each kind, as both JSON bindings spell it.

use std::rc::Rc;

use attache_protocol::{Error, ErrorKind};
use serde_json::json;

use super::*;

/// Section 5.4 of 1.0.1.
const TABLE: &[(ErrorKind, i32, &str, u16)] = &[
    (ErrorKind::TaskNotFound, -32001, "NOT_FOUND", 404),
    (
        ErrorKind::TaskNotCancelable,
        -32002,
        "FAILED_PRECONDITION",
        400,
    ),
    (
        ErrorKind::PushNotificationNotSupported,
        -32003,
        "FAILED_PRECONDITION",
        400,
    ),
    (
        ErrorKind::UnsupportedOperation,
        -32004,
        "FAILED_PRECONDITION",
        400,
    ),
    (
        ErrorKind::ContentTypeNotSupported,
        -32005,
        "INVALID_ARGUMENT",
        400,
    ),
    (ErrorKind::InvalidAgentResponse, -32006, "INTERNAL", 500),
    (
        ErrorKind::ExtendedAgentCardNotConfigured,
        -32007,
        "FAILED_PRECONDITION",
        400,
    ),
    (
        ErrorKind::ExtensionSupportRequired,
        -32008,
        "FAILED_PRECONDITION",
        400,
    ),
    (
        ErrorKind::VersionNotSupported,
        -32009,
        "FAILED_PRECONDITION",
        400,
    ),
];

#[test]
fn every_error_of_a2a_has_the_codes_of_the_table() {
    for (kind, code, status, http) in TABLE {
        assert_eq!(kind.json_rpc_code(), *code);
        assert_eq!(kind.status_name(), *status, "{kind:?}");
        assert_eq!(kind.http_status(), *http, "{kind:?}");
        let details = Error::new(*kind, "words").details();
        assert_eq!(
            details[0]["@type"],
            "type.googleapis.com/google.rpc.ErrorInfo"
        );
        assert_eq!(details[0]["domain"], "a2a-protocol.org");
        // TaskNotFound → TASK_NOT_FOUND
        let name = format!("{kind:?}")
            .chars()
            .fold(String::new(), |mut name, c| {
                if c.is_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.extend(c.to_uppercase());
                name
            });
        assert_eq!(details[0]["reason"], name);
    }
}

/// Requests that fail, over JSON-RPC and HTTP+JSON, and the reason.
async fn failures(world: &Rc<World>) -> Vec<(Value, Request<Vec<u8>>, &'static str)> {
    let waiting = send(world, "m1", "ask").await;
    let done = send(world, "m2", "x").await;
    let id = |task: &Value| task["id"].as_str().unwrap().to_owned();
    let (waiting, done) = (id(&waiting), id(&done));
    let call = |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut late = message("m3", "y");
    late["taskId"] = json!(done);
    let mut elsewhere = message("m4", "y");
    elsewhere["taskId"] = json!(waiting);
    elsewhere["contextId"] = json!("elsewhere");
    let sent = |message: &Value| post("/message:send", json!({ "message": message }).to_string());
    let hooks = format!("/tasks/{waiting}/pushNotificationConfigs");
    vec![
        (
            call("GetTask", json!({"id": "none"})),
            get("/tasks/none"),
            "TASK_NOT_FOUND",
        ),
        (
            call("CancelTask", json!({"id": done})),
            post(&format!("/tasks/{done}:cancel"), ""),
            "TASK_NOT_CANCELABLE",
        ),
        (
            call("SubscribeToTask", json!({"id": done})),
            get(&format!("/tasks/{done}:subscribe")),
            "UNSUPPORTED_OPERATION",
        ),
        (
            call("SendMessage", json!({ "message": late })),
            sent(&late),
            "UNSUPPORTED_OPERATION",
        ),
        (
            call("SendMessage", json!({ "message": elsewhere })),
            sent(&elsewhere),
            "INVALID_PARAMS",
        ),
        (
            call("SendMessage", json!({})),
            post("/message:send", "{}"),
            "INVALID_PARAMS",
        ),
        (
            call("ListTasks", json!({"status": "TASK_STATE_RUNNING"})),
            get("/tasks?status=TASK_STATE_RUNNING"),
            "INVALID_PARAMS",
        ),
        (
            call("ListTasks", json!({"pageToken": "!"})),
            get("/tasks?pageToken=!"),
            "INVALID_PARAMS",
        ),
        (
            call(
                "GetTaskPushNotificationConfig",
                json!({"taskId": waiting, "id": "none"}),
            ),
            get(&format!("{hooks}/none")),
            "TASK_NOT_FOUND",
        ),
        (
            call(
                "CreateTaskPushNotificationConfig",
                json!({"taskId": waiting, "url": "x"}),
            ),
            post(&hooks, r#"{"url":"x"}"#),
            "INVALID_PARAMS",
        ),
        (
            call("GetExtendedAgentCard", json!({})),
            get("/extendedAgentCard"),
            "UNSUPPORTED_OPERATION",
        ),
        (
            call("Nothing", json!({})),
            get("/nothing"),
            "METHOD_NOT_FOUND",
        ),
    ]
}

#[tokio::test]
async fn both_bindings_refuse_the_same_with_the_same_words() {
    let world = Rc::new(World::default());
    for (call, request, reason) in failures(&world).await {
        let rpc = ask(&world, post("/", call.to_string())).await.json();
        let rest = ask(&world, request).await;
        let answer = rest.json();
        let (one, two) = (&rpc["error"], &answer["error"]);
        assert_eq!(one["data"][0]["reason"], reason, "{call}");
        assert_eq!(two["details"][0]["reason"], reason, "{call}");
        assert_eq!(two["code"], rest.status.as_u16(), "{call}");
        if reason != "METHOD_NOT_FOUND" {
            assert_eq!(one["message"], two["message"], "{call}");
            assert_eq!(one["data"], two["details"], "{call}");
        }
        for error in [one, two] {
            assert!(
                error["message"].as_str().is_some_and(|m| m.len() > 10),
                "{error}"
            );
            let details = error.get("data").or(error.get("details")).unwrap();
            for detail in details.as_array().unwrap() {
                assert!(
                    detail["@type"]
                        .as_str()
                        .unwrap()
                        .starts_with("type.googleapis.com/google.rpc.")
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_not_told_from_what_is_hidden() {
    let world = Rc::new(World::default());
    let params = json!({"tenant": "secret", "message": message("m1", "x")});
    let sent = rpc(&world, "SendMessage", params).await;
    let hidden = sent["result"]["task"]["id"].as_str().unwrap();
    let error = async |id: &str| {
        let error = rpc(&world, "GetTask", json!({ "id": id })).await["error"].to_string();
        error.replace(id, "ID")
    };
    assert_eq!(error(hidden).await, error("none").await);
}

#[tokio::test]
async fn an_error_says_what_would_be_right() {
    let world = Rc::new(World::default());
    for (method, params, word) in [
        ("ListTasks", json!({"pageSize": 500}), "100"),
        ("ListTasks", json!({"pageToken": "?"}), "nextPageToken"),
        (
            "ListTasks",
            json!({"statusTimestampAfter": "soon"}),
            "2026-11-21T08:30:00Z",
        ),
        (
            "SendMessage",
            json!({"message": {"messageId": "m", "parts": [{"text": "x"}]}}),
            "ROLE_USER",
        ),
        (
            "SendMessage",
            json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{}]}}),
            "text, raw, url or data",
        ),
        (
            "CreateTaskPushNotificationConfig",
            json!({"taskId": "t", "url": "x"}),
            "https://example.com/hook",
        ),
        (
            "GetExtendedAgentCard",
            json!({}),
            "capabilities.extendedAgentCard",
        ),
    ] {
        let error = rpc(&world, method, params).await["error"].clone();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(word), "{message}");
    }
}

/// The methods of 0.3 have a slash, but not every method with one is of 0.3.
#[tokio::test]
async fn an_unknown_method_is_refused_in_the_words_of_its_version() {
    let world = Rc::new(World::default());
    let answer = rpc(&world, "extension/doSomething", json!({})).await;
    assert_eq!(answer["error"]["code"], -32601);
    assert_eq!(answer["error"]["data"][0]["reason"], "METHOD_NOT_FOUND");
}
