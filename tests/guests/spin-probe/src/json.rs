//! The contract's records as JSON. Payloads are texts.

use serde_json::{Value, json};

use crate::bindings::attache::agent::tasks::{
    Change, Creation, Error, MessageKey, Opening, Page, Progress, Query, Resumption, Snapshot,
    State, Task,
};

/// What went wrong in a step, as JSON.
pub(crate) type Failure = Value;

pub(crate) fn text(step: &Value, field: &str) -> Result<String, Failure> {
    step.get(field)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| json!(format!("the step has no text {field:?}: {step}")))
}

pub(crate) fn optional_text(step: &Value, field: &str) -> Option<String> {
    step.get(field).and_then(Value::as_str).map(str::to_owned)
}

pub(crate) fn number(step: &Value, field: &str) -> Option<u64> {
    step.get(field).and_then(Value::as_u64)
}

fn flag(step: &Value, field: &str) -> bool {
    step.get(field).and_then(Value::as_bool).unwrap_or(false)
}

const STATES: [(&str, State); 8] = [
    ("submitted", State::Submitted),
    ("working", State::Working),
    ("completed", State::Completed),
    ("failed", State::Failed),
    ("canceled", State::Canceled),
    ("input-required", State::InputRequired),
    ("rejected", State::Rejected),
    ("auth-required", State::AuthRequired),
];

fn state(name: &str) -> Result<State, Failure> {
    STATES
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, state)| state)
        .ok_or_else(|| json!(format!("{name:?} is no state")))
}

fn state_name(state: State) -> &'static str {
    STATES
        .into_iter()
        .find(|(_, known)| *known == state)
        .map_or("?", |(name, _)| name)
}

pub(crate) fn change(step: &Value) -> Result<Change, Failure> {
    let events = step.get("events").and_then(Value::as_array);
    Ok(Change {
        events: events
            .into_iter()
            .flatten()
            .map(|event| event.as_str().unwrap_or_default().as_bytes().to_vec())
            .collect(),
        state: state(&text(step, "state")?)?,
        status_time: number(step, "time").unwrap_or_default(),
        snapshot: optional_text(step, "snapshot").map(|task| Snapshot {
            task: task.into_bytes(),
            artifacts: optional_text(step, "artifacts").map(String::into_bytes),
        }),
        checkpoint: optional_text(step, "checkpoint").map(String::into_bytes),
    })
}

fn message(step: &Value) -> Option<MessageKey> {
    optional_text(step, "message").map(|id| MessageKey {
        digest: optional_text(step, "digest")
            .unwrap_or_else(|| "digest".to_owned())
            .into_bytes(),
        id,
    })
}

pub(crate) fn opening(step: &Value) -> Result<Opening, Failure> {
    let task_id = text(step, "task")?;
    let message = message(step);
    Ok(match optional_text(step, "context") {
        Some(context_id) => Opening::Create(Creation {
            task_id,
            context_id,
            message,
            first: change(step)?,
            push: None,
        }),
        None => Opening::Resume(Resumption {
            task_id,
            message,
            take_over: flag(step, "take_over"),
            push: None,
        }),
    })
}

pub(crate) fn query(step: &Value) -> Result<Query, Failure> {
    Ok(Query {
        context_id: optional_text(step, "context"),
        state: optional_text(step, "state")
            .map(|name| state(&name))
            .transpose()?,
        status_since: number(step, "since"),
        after: None,
        page_size: number(step, "size")
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(50),
        include_artifacts: flag(step, "artifacts"),
        max_bytes: u64::MAX,
    })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn task(task: &Task) -> Value {
    json!({
        "id": task.id,
        "context": task.context_id,
        "state": state_name(task.state),
        "time": task.status_time,
        "task": lossy(&task.snapshot.task),
        "artifacts": task.snapshot.artifacts.as_deref().map(lossy),
        "tail": task.tail.iter().map(|event| lossy(&event.payload)).collect::<Vec<_>>(),
        "newest": task.newest,
        "running": task.running,
    })
}

pub(crate) fn page(page: &Page) -> Value {
    json!({
        "tasks": page.tasks.iter().map(task).collect::<Vec<_>>(),
        "next": page.next.as_ref().map(|cursor| &cursor.task_id),
        "total": page.total,
    })
}

pub(crate) fn progress(progress: &Progress) -> Value {
    json!({
        "events": progress.events.iter().map(|event| lossy(&event.payload)).collect::<Vec<_>>(),
        "newest": progress.events.last().map(|event| event.number),
        "state": state_name(progress.state),
        "running": progress.running,
    })
}

pub(crate) fn failure(error: Error) -> Failure {
    match error {
        Error::NotFound => json!("not-found"),
        Error::Finished(state) => json!({ "finished": state_name(state) }),
        Error::Busy => json!("busy"),
        Error::Lost => json!("lost"),
        Error::Invalid(text) => json!({ "invalid": text }),
        Error::TooLarge(text) => json!({ "too-large": text }),
        Error::Unavailable(text) => json!({ "unavailable": text }),
    }
}
