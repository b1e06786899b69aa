//! Tasks, their status and artifacts. Only ever said, never read: a client sends no task.

use serde_json::{Value, json};

use super::object::Object;
use super::{Form, message, part};
use crate::wire::{Artifact, Task, TaskState, TaskStatus};

/// A task as 0.3 has it.
pub(super) fn to_old(new: Task, form: Form) -> Value {
    let mut old = Object::new();
    let mut set = |name: &str, value: Value| old.insert(name.to_owned(), value);
    if form == Form::Kind {
        set("kind", json!("task"));
    }
    set("id", json!(new.id));
    set("contextId", json!(new.context_id));
    set("status", status(new.status, form));
    if let Some(artifacts) = new.artifacts.filter(|artifacts| !artifacts.is_empty()) {
        let artifacts = artifacts.into_iter().map(|a| artifact(a, form)).collect();
        set("artifacts", Value::Array(artifacts));
    }
    if !new.history.is_empty() {
        let messages = new.history.into_iter();
        let messages = messages.map(|m| message::to_old(m, form)).collect();
        set("history", Value::Array(messages));
    }
    if let Some(metadata) = new.metadata {
        set("metadata", Value::Object(metadata));
    }
    Value::Object(old)
}

pub(super) fn status(new: TaskStatus, form: Form) -> Value {
    let mut old = Object::from_iter([("state".to_owned(), json!(state(new.state, form)))]);
    if let Some(message) = new.message {
        old.insert("message".to_owned(), message::to_old(message, form));
    }
    if let Some(timestamp) = new.timestamp {
        old.insert("timestamp".to_owned(), json!(timestamp));
    }
    Value::Object(old)
}

fn state(new: TaskState, form: Form) -> &'static str {
    match (form, new) {
        // British in the proto of 0.3.
        (Form::Proto, TaskState::Canceled) => "TASK_STATE_CANCELLED",
        (Form::Proto, other) => other.as_str(),
        (Form::Kind, TaskState::Unspecified) => "unknown",
        (Form::Kind, TaskState::Submitted) => "submitted",
        (Form::Kind, TaskState::Working) => "working",
        (Form::Kind, TaskState::Completed) => "completed",
        (Form::Kind, TaskState::Failed) => "failed",
        (Form::Kind, TaskState::Canceled) => "canceled",
        (Form::Kind, TaskState::InputRequired) => "input-required",
        (Form::Kind, TaskState::Rejected) => "rejected",
        (Form::Kind, TaskState::AuthRequired) => "auth-required",
    }
}

pub(super) fn artifact(new: Artifact, form: Form) -> Value {
    let mut old = Object::new();
    let mut set = |name: &str, value: Value| old.insert(name.to_owned(), value);
    set("artifactId", json!(new.artifact_id));
    if !new.name.is_empty() {
        set("name", json!(new.name));
    }
    if !new.description.is_empty() {
        set("description", json!(new.description));
    }
    let parts = new.parts.into_iter();
    let parts = parts.map(|part| part::to_old(part, form)).collect();
    set("parts", Value::Array(parts));
    if let Some(metadata) = new.metadata {
        set("metadata", Value::Object(metadata));
    }
    if !new.extensions.is_empty() {
        set("extensions", json!(new.extensions));
    }
    Value::Object(old)
}
