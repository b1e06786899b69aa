//! Messages.

use serde_json::{Value, json};

use super::object::{Object, carry, object, take, wrong_type};
use super::{Form, part};
use crate::error::Error;
use crate::wire::{Message, Role};

/// A message as 1.0 has it. What is missing is found where the request is checked.
pub(super) fn to_new(old: Value, at: &str, form: Form) -> Result<Value, Error> {
    let mut old = object(old, at)?;
    match take(&mut old, "kind") {
        None => {}
        Some(Value::String(kind)) if kind == "message" => {}
        Some(other) => {
            let why = format!("is {other}, and a message is of kind \"message\"");
            return Err(Error::field(format!("{at}.kind"), why));
        }
    }
    let mut new = Object::new();
    let same = [
        "messageId",
        "contextId",
        "taskId",
        "metadata",
        "extensions",
        "referenceTaskIds",
    ];
    carry(&same, &mut old, &mut new);
    if let Some(role) = take(&mut old, "role") {
        new.insert("role".to_owned(), role_to_new(role, at)?);
    }
    let parts = take(&mut old, "parts").or_else(|| take(&mut old, "content"));
    match parts {
        None => {}
        Some(Value::Array(parts)) => {
            let parts = parts
                .into_iter()
                .enumerate()
                .map(|(i, part)| part::to_new(part, &format!("{at}.parts[{i}]"), form))
                .collect::<Result<Vec<_>, _>>()?;
            new.insert("parts".to_owned(), Value::Array(parts));
        }
        Some(other) => return Err(wrong_type(&format!("{at}.parts"), "a list", &other)),
    }
    Ok(Value::Object(new))
}

fn role_to_new(role: Value, at: &str) -> Result<Value, Error> {
    match role.as_str() {
        Some("user") => Ok(json!(Role::User)),
        Some("agent") => Ok(json!(Role::Agent)),
        // The names and numbers of the proto are those of 1.0.
        Some("ROLE_USER" | "ROLE_AGENT" | "ROLE_UNSPECIFIED") => Ok(role),
        None if role.is_number() => Ok(role),
        _ => Err(Error::field(
            format!("{at}.role"),
            format!("is {role}; a message is from \"user\" or \"agent\""),
        )),
    }
}

/// A message as 0.3 has it.
pub(super) fn to_old(new: Message, form: Form) -> Value {
    let mut old = Object::new();
    let mut set = |name: &str, value: Value| old.insert(name.to_owned(), value);
    if form == Form::Kind {
        set("kind", json!("message"));
    }
    set("messageId", json!(new.message_id));
    if !new.context_id.is_empty() {
        set("contextId", json!(new.context_id));
    }
    if !new.task_id.is_empty() {
        set("taskId", json!(new.task_id));
    }
    let (role, parts) = match form {
        Form::Kind if new.role == Role::User => (json!("user"), "parts"),
        Form::Kind => (json!("agent"), "parts"),
        Form::Proto => (json!(new.role), "content"),
    };
    set("role", role);
    let list = new.parts.into_iter();
    let list = list.map(|part| part::to_old(part, form)).collect();
    set(parts, Value::Array(list));
    if let Some(metadata) = new.metadata {
        set("metadata", Value::Object(metadata));
    }
    if !new.extensions.is_empty() {
        set("extensions", json!(new.extensions));
    }
    // The proto of 0.3 has no such field.
    if form == Form::Kind && !new.reference_task_ids.is_empty() {
        set("referenceTaskIds", json!(new.reference_task_ids));
    }
    Value::Object(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_read_the_same() {
        let kind = json!({
            "kind": "message", "messageId": "m", "contextId": "c", "taskId": "t", "role": "user",
            "parts": [{"kind": "text", "text": "a"}], "metadata": {"x_y": 1},
            "extensions": ["urn:e"], "referenceTaskIds": ["r"], "unknown": 1,
        });
        let proto = json!({
            "message_id": "m", "context_id": "c", "task_id": "t", "role": "ROLE_USER",
            "content": [{"text": "a"}], "metadata": {"x_y": 1},
            "extensions": ["urn:e"], "reference_task_ids": ["r"],
        });
        let new = json!({
            "messageId": "m", "contextId": "c", "taskId": "t", "role": "ROLE_USER",
            "parts": [{"text": "a"}], "metadata": {"x_y": 1},
            "extensions": ["urn:e"], "referenceTaskIds": ["r"],
        });
        assert_eq!(to_new(kind.clone(), "message", Form::Kind).unwrap(), new);
        assert_eq!(to_new(proto, "message", Form::Proto).unwrap(), new);
        // Clients of HTTP+JSON that send the objects of JSON-RPC.
        assert_eq!(to_new(kind, "message", Form::Proto).unwrap(), new);
    }

    #[test]
    fn what_is_no_message() {
        let refused = |old| to_new(old, "message", Form::Kind).unwrap_err().message;
        assert!(refused(json!([])).contains("message: must be an object"));
        assert!(refused(json!({"kind": "task"})).contains("message.kind"));
        assert!(refused(json!({"role": "admin"})).contains("message.role: is \"admin\""));
        assert!(refused(json!({"role": true})).contains("message.role"));
        assert!(refused(json!({"parts": {}})).contains("message.parts"));
        assert!(refused(json!({"parts": [{"text": "a"}, 1]})).contains("message.parts[1]"));
    }
}
