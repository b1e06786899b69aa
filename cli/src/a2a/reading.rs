//! What servers answer, as the objects of 1.0: from 1.0, from either form of 0.3, and from servers that
//! mix them. What cannot be read is left out rather than refused; the raw answer is shown on request.

use attache_protocol::wire::{
    Artifact, Content, Message, Part, Role, Task, TaskArtifactUpdateEvent,
    TaskPushNotificationConfig, TaskState, TaskStatus, TaskStatusUpdateEvent, Timestamp,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value};

/// The answer to a message.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Task(Task),
    Message(Message),
}

/// An event of a stream.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Task(Task),
    Message(Message),
    Status {
        update: TaskStatusUpdateEvent,
        /// 0.3 says that nothing follows.
        is_final: bool,
    },
    Artifact(TaskArtifactUpdateEvent),
}

/// Either spelling of a name; `null` is unset.
fn get<'a>(of: &'a Value, camel: &str, snake: &str) -> Option<&'a Value> {
    of.get(camel)
        .or_else(|| of.get(snake))
        .filter(|value| !value.is_null())
}

fn text(of: &Value, camel: &str, snake: &str) -> String {
    match get(of, camel, snake) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    let list = of.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn flag(of: &Value, camel: &str, snake: &str) -> bool {
    get(of, camel, snake)
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

fn metadata(of: &Value) -> Option<Map<String, Value>> {
    of.get("metadata").and_then(Value::as_object).cloned()
}

/// The answer to a message: a wrapper in 1.0, the bare object in 0.3.
pub(crate) fn answer(said: &Value) -> Option<Answer> {
    match event(said)? {
        Event::Task(task) => Some(Answer::Task(task)),
        Event::Message(message) => Some(Answer::Message(message)),
        Event::Status { .. } | Event::Artifact(_) => None,
    }
}

/// An event, in a wrapper or told by `kind`, or by what it has.
pub(super) fn event(said: &Value) -> Option<Event> {
    type Read = fn(&Value) -> Event;
    let wrappers: [(&str, &str, Read); 5] = [
        ("task", "task", |value| Event::Task(task(value))),
        ("message", "msg", |value| Event::Message(message(value))),
        ("statusUpdate", "status_update", status_update),
        ("artifactUpdate", "artifact_update", artifact_update),
        ("msg", "msg", |value| Event::Message(message(value))),
    ];
    let kind = said.get("kind").and_then(Value::as_str);
    if kind.is_none() {
        let found = wrappers.iter().find_map(|(camel, snake, read)| {
            let inner = get(said, camel, snake).filter(|inner| inner.is_object())?;
            Some(read(inner))
        });
        if found.is_some() {
            return found;
        }
    }
    let has = |name: &str| said.get(name).is_some_and(|value| !value.is_null());
    match kind {
        Some("task") => Some(Event::Task(task(said))),
        Some("message") => Some(Event::Message(message(said))),
        Some("status-update") => Some(status_update(said)),
        Some("artifact-update") => Some(artifact_update(said)),
        _ if has("artifact") => Some(artifact_update(said)),
        _ if has("status") && has("id") => Some(Event::Task(task(said))),
        _ if has("status") => Some(status_update(said)),
        _ if has("parts") || has("content") => Some(Event::Message(message(said))),
        _ => None,
    }
}

fn status_update(said: &Value) -> Event {
    Event::Status {
        update: TaskStatusUpdateEvent {
            task_id: text(said, "taskId", "task_id"),
            context_id: text(said, "contextId", "context_id"),
            status: status(said.get("status").unwrap_or(&Value::Null)),
            metadata: metadata(said),
        },
        is_final: flag(said, "final", "final"),
    }
}

fn artifact_update(said: &Value) -> Event {
    Event::Artifact(TaskArtifactUpdateEvent {
        task_id: text(said, "taskId", "task_id"),
        context_id: text(said, "contextId", "context_id"),
        artifact: artifact(said.get("artifact").unwrap_or(&Value::Null)),
        append: flag(said, "append", "append"),
        last_chunk: flag(said, "lastChunk", "last_chunk"),
        metadata: metadata(said),
    })
}

/// A task, also in a wrapper.
pub(crate) fn task(said: &Value) -> Task {
    if let Some(inner) = said.get("task").filter(|inner| inner.is_object()) {
        return task(inner);
    }
    Task {
        id: text(said, "id", "id"),
        context_id: text(said, "contextId", "context_id"),
        status: status(said.get("status").unwrap_or(&Value::Null)),
        artifacts: said
            .get("artifacts")
            .and_then(Value::as_array)
            .map(|artifacts| artifacts.iter().map(artifact).collect()),
        history: list(said, "history").iter().map(message).collect(),
        metadata: metadata(said),
    }
}

fn status(said: &Value) -> TaskStatus {
    // The proto of 0.3 calls the message `update`.
    let said_message = get(said, "message", "update").filter(|value| value.is_object());
    TaskStatus {
        state: state(said.get("state").unwrap_or(&Value::Null)),
        message: said_message.map(message),
        timestamp: Timestamp::parse(&text(said, "timestamp", "timestamp")).ok(),
    }
}

/// A state by any of its names, or its number in the proto.
pub(crate) fn state(said: &Value) -> TaskState {
    use TaskState as S;
    let named = said
        .as_str()
        .unwrap_or_default()
        .to_ascii_uppercase()
        .replace('-', "_");
    let name = named.strip_prefix("TASK_STATE_").unwrap_or(&named);
    match (name, said.as_i64()) {
        ("SUBMITTED", _) | (_, Some(1)) => S::Submitted,
        ("WORKING", _) | (_, Some(2)) => S::Working,
        ("COMPLETED", _) | (_, Some(3)) => S::Completed,
        ("FAILED", _) | (_, Some(4)) => S::Failed,
        ("CANCELED" | "CANCELLED", _) | (_, Some(5)) => S::Canceled,
        ("INPUT_REQUIRED", _) | (_, Some(6)) => S::InputRequired,
        ("REJECTED", _) | (_, Some(7)) => S::Rejected,
        ("AUTH_REQUIRED", _) | (_, Some(8)) => S::AuthRequired,
        _ => S::Unspecified,
    }
}

fn message(said: &Value) -> Message {
    let role = text(said, "role", "role").to_ascii_lowercase();
    let parts = get(said, "parts", "content").and_then(Value::as_array);
    Message {
        message_id: text(said, "messageId", "message_id"),
        context_id: text(said, "contextId", "context_id"),
        task_id: text(said, "taskId", "task_id"),
        role: match role.as_str() {
            "user" | "role_user" | "1" => Role::User,
            _ => Role::Agent,
        },
        parts: parts.into_iter().flatten().filter_map(part).collect(),
        metadata: metadata(said),
        ..Message::default()
    }
}

fn artifact(said: &Value) -> Artifact {
    Artifact {
        artifact_id: text(said, "artifactId", "artifact_id"),
        name: text(said, "name", "name"),
        description: text(said, "description", "description"),
        parts: list(said, "parts").iter().filter_map(part).collect(),
        metadata: metadata(said),
        ..Artifact::default()
    }
}

fn part(said: &Value) -> Option<Part> {
    let file = said.get("file").filter(|file| file.is_object());
    let of = file.unwrap_or(said);
    let content = if let Some(text) = said.get("text").and_then(Value::as_str) {
        Content::Text(text.to_owned())
    } else if let Some(bytes) = get(of, "bytes", "raw").and_then(Value::as_str) {
        Content::Raw(decoded(bytes)?)
    } else if let Some(bytes) = get(of, "fileWithBytes", "file_with_bytes").and_then(Value::as_str)
        && !bytes.is_empty()
    {
        Content::Raw(decoded_once_or_twice(bytes)?)
    } else if let Some(url) = ["url", "uri", "fileWithUri", "file_with_uri"]
        .iter()
        .find_map(|name| of.get(name)?.as_str())
    {
        Content::Url(url.to_owned())
    } else {
        Content::Data(data(said)?)
    };
    let media_type = [("mediaType", "media_type"), ("mimeType", "mime_type")];
    let media_type = media_type.map(|(camel, snake)| text(of, camel, snake));
    let names = [text(of, "filename", "filename"), text(of, "name", "name")];
    Some(Part {
        content,
        metadata: metadata(said),
        filename: names.concat(),
        media_type: media_type.concat(),
    })
}

/// Data lies one level deeper in the proto of 0.3, and is wrapped there when it is no object.
fn data(said: &Value) -> Option<Value> {
    let mut data = said.get("data")?;
    let only = |name: &str| {
        let object = data.as_object().filter(|object| object.len() == 1)?;
        object.get(name)
    };
    let is_old = said.get("kind").is_none() && said.get("mediaType").is_none();
    if let Some(inner) = only("data").filter(|inner| is_old && inner.is_object()) {
        data = inner;
    }
    let wrapped = said.pointer("/metadata/data_part_compat") == Some(&Value::Bool(true));
    let only = data.as_object().filter(|object| object.len() == 1);
    match only.and_then(|object| object.get("value")) {
        Some(inner) if wrapped => Some(inner.clone()),
        _ => Some(data.clone()),
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
    STANDARD
        .decode(&padded)
        .or_else(|_| URL_SAFE.decode(&padded))
        .ok()
}

/// Some SDKs encode a text of base64 once more.
fn decoded_once_or_twice(text: &str) -> Option<Vec<u8>> {
    let once = decoded(text)?;
    let twice = std::str::from_utf8(&once)
        .ok()
        .filter(|inner| !inner.is_empty());
    Some(
        twice
            .and_then(|inner| STANDARD.decode(inner).ok())
            .unwrap_or(once),
    )
}

/// A webhook: flat in 1.0, nested in 0.3, named by a path in the proto of 0.3.
pub(crate) fn push_config(said: &Value) -> TaskPushNotificationConfig {
    let inner = get(said, "pushNotificationConfig", "push_notification_config");
    let bare = inner.unwrap_or(said);
    let name = text(said, "name", "name");
    let (task, id) = name
        .split_once("/pushNotificationConfigs/")
        .unwrap_or_default();
    let or = |given: String, named: &str| {
        if given.is_empty() {
            named.to_owned()
        } else {
            given
        }
    };
    TaskPushNotificationConfig {
        id: or(text(bare, "id", "id"), id),
        task_id: or(
            text(said, "taskId", "task_id"),
            task.strip_prefix("tasks/").unwrap_or(task),
        ),
        url: text(bare, "url", "url"),
        ..TaskPushNotificationConfig::default()
    }
}

/// The webhooks in a list, which is bare in 0.3.
pub(crate) fn push_configs(said: &Value) -> Vec<TaskPushNotificationConfig> {
    let bare = said.as_array().map(Vec::as_slice);
    let configs = bare.unwrap_or_else(|| list(said, "configs"));
    configs.iter().map(push_config).collect()
}

/// The tasks in a page, and the token of the next.
pub(crate) fn page(said: &Value) -> (Vec<Task>, String) {
    let tasks = list(said, "tasks").iter().map(task).collect();
    (tasks, text(said, "nextPageToken", "next_page_token"))
}

#[cfg(test)]
mod tests;
