//! What agents of 0.3 answer over JSON-RPC, as 1.0 has it.

use crate::tools::json::{get, take};
use serde_json::{Map, Value, json};

/// An answer or an event, as the member of a `StreamResponse` that it is.
pub(super) fn to_new(old: Value) -> Value {
    let member = match get(&old, "kind").as_str() {
        Some("message") => return json!({ "message": message(old) }),
        Some("status-update") => "statusUpdate",
        Some("artifact-update") => "artifactUpdate",
        _ => "task",
    };
    json!({ member: object(old) })
}

/// A task or an event.
fn object(old: Value) -> Value {
    let Value::Object(mut old) = old else {
        return old;
    };
    old.remove("kind");
    if let Some(Value::Object(status)) = old.get_mut("status") {
        if let Some(state) = status.get_mut("state") {
            *state = json!(self::state(state.as_str().unwrap_or_default()));
        }
        if let Some(said) = status.get_mut("message") {
            *said = message(said.take());
        }
    }
    if let Some(artifact) = old.get_mut("artifact") {
        parts(artifact);
    }
    if let Some(Value::Array(artifacts)) = old.get_mut("artifacts") {
        artifacts.iter_mut().for_each(parts);
    }
    // Nobody reads it here.
    old.remove("history");
    Value::Object(old)
}

fn state(old: &str) -> &'static str {
    match old {
        "submitted" => "TASK_STATE_SUBMITTED",
        "working" => "TASK_STATE_WORKING",
        "completed" => "TASK_STATE_COMPLETED",
        "failed" => "TASK_STATE_FAILED",
        "canceled" => "TASK_STATE_CANCELED",
        "input-required" => "TASK_STATE_INPUT_REQUIRED",
        "rejected" => "TASK_STATE_REJECTED",
        "auth-required" => "TASK_STATE_AUTH_REQUIRED",
        _ => "TASK_STATE_UNSPECIFIED",
    }
}

fn message(mut old: Value) -> Value {
    parts(&mut old);
    if let Some(old) = old.as_object_mut() {
        old.remove("kind");
        let role = match old.get("role").and_then(Value::as_str) {
            Some("user") => "ROLE_USER",
            _ => "ROLE_AGENT",
        };
        old.insert("role".to_owned(), json!(role));
    }
    old
}

fn parts(of: &mut Value) {
    if let Some(Value::Array(parts)) = of.get_mut("parts") {
        for part in parts {
            *part = self::part(part.take());
        }
    }
}

fn part(mut old: Value) -> Value {
    let mut new = Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            new.insert(name.to_owned(), value);
        }
    };
    match get(&old, "kind").as_str() {
        Some("data") => {
            new.insert("data".to_owned(), take(&mut old, "data"));
        }
        Some("file") => {
            let mut file = take(&mut old, "file");
            set("raw", take(&mut file, "bytes"));
            set("url", take(&mut file, "uri"));
            set("mediaType", take(&mut file, "mimeType"));
            set("filename", take(&mut file, "name"));
        }
        _ => {
            let text = get(&old, "text").as_str().unwrap_or_default();
            new.insert("text".to_owned(), json!(text));
        }
    }
    Value::Object(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use attache_protocol::wire::{StreamResponse, TaskState};

    #[test]
    fn a_task_with_all_kinds_of_parts() {
        let old = json!({
            "kind": "task", "id": "t", "contextId": "c",
            "status": {"state": "input-required", "message": {
                "kind": "message", "messageId": "m", "role": "agent",
                "parts": [{"kind": "text", "text": "Which?"}],
            }},
            "history": [{"kind": "message"}],
            "artifacts": [{"artifactId": "a", "parts": [
                {"kind": "data", "data": {"n": 1}},
                {"kind": "file", "file": {"uri": "https://a/b", "mimeType": "text/csv"}},
                {"kind": "file", "file": {"bytes": "AAAA", "name": "x"}},
            ]}],
        });
        let StreamResponse::Task(task) = serde_json::from_value(to_new(old)).unwrap() else {
            panic!("no task");
        };
        assert_eq!(task.status.state, TaskState::InputRequired);
        assert_eq!(task.status.message.unwrap().text(), "Which?");
        assert_eq!(task.artifacts.unwrap()[0].parts.len(), 3);
    }

    #[test]
    fn events_and_messages() {
        for (old, member) in [
            (
                json!({"kind": "message", "messageId": "m", "role": "agent", "parts": []}),
                "message",
            ),
            (
                json!({"kind": "status-update", "taskId": "t", "status": {"state": "working"}, "final": false}),
                "statusUpdate",
            ),
            (
                json!({"kind": "artifact-update", "taskId": "t", "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": "x"}]}}),
                "artifactUpdate",
            ),
        ] {
            let new = to_new(old);
            assert!(new.get(member).is_some(), "{new}");
            serde_json::from_value::<StreamResponse>(new).unwrap();
        }
    }
}
