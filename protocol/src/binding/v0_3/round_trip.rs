//! What goes to 0.3 and comes back is what it was, but for what 0.3 cannot carry.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::object::{Object, carry, object, take};
use super::{Form, event, message, part, push, task};
use crate::wire::{
    Artifact, AuthenticationInfo, Content, Message, Part, Role, SendMessageResponse, Task,
    TaskPushNotificationConfig, TaskState, TaskStatus, Timestamp,
};

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 äß😀\"/_-]{0,8}"
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e9..1.0e9).prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn metadata() -> impl Strategy<Value = Option<Map<String, Value>>> {
    let fields = prop::collection::vec((word(), data()), 1..3);
    prop::option::of(fields.prop_map(|fields| fields.into_iter().collect()))
}

fn part() -> impl Strategy<Value = Part> {
    let content = prop_oneof![
        word().prop_map(Content::Text),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Content::Raw),
        "https://[a-z]{1,5}/".prop_map(Content::Url),
        data().prop_map(Content::Data),
    ];
    (content, metadata(), word(), word()).prop_map(|(content, metadata, filename, media_type)| {
        let file = matches!(content, Content::Raw(_) | Content::Url(_));
        Part {
            content,
            metadata,
            // Only files have them in 0.3.
            filename: if file { filename } else { String::new() },
            media_type: if file { media_type } else { String::new() },
        }
    })
}

fn message() -> impl Strategy<Value = Message> {
    let ids = (word(), word(), word());
    let role = prop_oneof![Just(Role::User), Just(Role::Agent)];
    let lists = (
        prop::collection::vec(word(), 0..3),
        prop::collection::vec(word(), 0..3),
    );
    let parts = prop::collection::vec(part(), 0..4);
    (ids, role, parts, metadata(), lists).prop_map(|(ids, role, parts, metadata, lists)| Message {
        message_id: ids.0,
        context_id: ids.1,
        task_id: ids.2,
        role,
        parts,
        metadata,
        extensions: lists.0,
        reference_task_ids: lists.1,
    })
}

fn status() -> impl Strategy<Value = TaskStatus> {
    let state = (0..STATES.len()).prop_map(|i| STATES[i].0);
    let timestamp = (0..4_000_000_000_000_u64).prop_map(Timestamp);
    let (message, timestamp) = (prop::option::of(message()), prop::option::of(timestamp));
    (state, message, timestamp).prop_map(|(state, message, timestamp)| TaskStatus {
        state,
        message,
        timestamp,
    })
}

fn artifact() -> impl Strategy<Value = Artifact> {
    let words = (word(), word(), word());
    let parts = prop::collection::vec(part(), 0..3);
    let extensions = prop::collection::vec(word(), 0..2);
    (words, parts, metadata(), extensions).prop_map(|(words, parts, metadata, extensions)| {
        Artifact {
            artifact_id: words.0,
            name: words.1,
            description: words.2,
            parts,
            metadata,
            extensions,
        }
    })
}

fn task() -> impl Strategy<Value = Task> {
    let artifacts = prop::option::of(prop::collection::vec(artifact(), 1..3));
    let history = prop::collection::vec(message(), 0..3);
    (word(), word(), status(), artifacts, history, metadata()).prop_map(
        |(id, context_id, status, artifacts, history, metadata)| Task {
            id,
            context_id,
            status,
            artifacts,
            history,
            metadata,
        },
    )
}

/// A state, and its two names in 0.3.
const STATES: [(TaskState, &str, &str); 9] = [
    (TaskState::Unspecified, "unknown", "TASK_STATE_UNSPECIFIED"),
    (TaskState::Submitted, "submitted", "TASK_STATE_SUBMITTED"),
    (TaskState::Working, "working", "TASK_STATE_WORKING"),
    (TaskState::Completed, "completed", "TASK_STATE_COMPLETED"),
    (TaskState::Failed, "failed", "TASK_STATE_FAILED"),
    (TaskState::Canceled, "canceled", "TASK_STATE_CANCELLED"),
    (
        TaskState::InputRequired,
        "input-required",
        "TASK_STATE_INPUT_REQUIRED",
    ),
    (TaskState::Rejected, "rejected", "TASK_STATE_REJECTED"),
    (
        TaskState::AuthRequired,
        "auth-required",
        "TASK_STATE_AUTH_REQUIRED",
    ),
];

fn read_message(old: Value, form: Form) -> Value {
    message::to_new(old, "message", form).unwrap()
}

fn read_all(old: &mut Object, name: &str, read: impl Fn(Value) -> Value) -> Option<Value> {
    let list = take(old, name)?;
    Some(list.as_array().unwrap().iter().cloned().map(read).collect())
}

/// A task of 0.3, read as a client of 0.3 would read it.
fn read_task(old: Value, form: Form) -> Task {
    let mut old = object(old, "task").unwrap();
    let mut new = Object::new();
    if form == Form::Kind {
        assert_eq!(take(&mut old, "kind"), Some(json!("task")));
    }
    carry(&["id", "contextId", "metadata"], &mut old, &mut new);
    let mut status = object(take(&mut old, "status").unwrap(), "status").unwrap();
    let name = take(&mut status, "state").unwrap();
    let named = STATES.iter().find(|state| match form {
        Form::Kind => name == state.1,
        Form::Proto => name == state.2,
    });
    let mut new_status = Object::from_iter([("state".to_owned(), json!(named.unwrap().0))]);
    if let Some(message) = take(&mut status, "message") {
        new_status.insert("message".to_owned(), read_message(message, form));
    }
    carry(&["timestamp"], &mut status, &mut new_status);
    new.insert("status".to_owned(), Value::Object(new_status));
    if let Some(history) = read_all(&mut old, "history", |m| read_message(m, form)) {
        new.insert("history".to_owned(), history);
    }
    let artifacts = read_all(&mut old, "artifacts", |artifact| {
        let mut artifact = object(artifact, "artifact").unwrap();
        let parts = read_all(&mut artifact, "parts", |p| {
            part::to_new(p, "part", form).unwrap()
        });
        artifact.insert("parts".to_owned(), parts.unwrap());
        Value::Object(artifact)
    });
    if let Some(artifacts) = artifacts {
        new.insert("artifacts".to_owned(), artifacts);
    }
    assert!(old.is_empty(), "nothing that 0.3 does not know: {old:?}");
    serde_json::from_value(Value::Object(new)).unwrap()
}

/// The message without what the proto of 0.3 has no field for.
fn carried(mut message: Message, form: Form) -> Message {
    if form == Form::Proto {
        message.reference_task_ids.clear();
    }
    message
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn messages(new in message()) {
        for form in [Form::Kind, Form::Proto] {
            let old = message::to_old(new.clone(), form);
            let back: Message = serde_json::from_value(read_message(old, form)).unwrap();
            prop_assert_eq!(back, carried(new.clone(), form));
        }
    }

    #[test]
    fn tasks(new in task()) {
        for form in [Form::Kind, Form::Proto] {
            let mut expected = new.clone();
            let status = expected.status.message.take();
            expected.status.message = status.map(|message| carried(message, form));
            let history = expected.history.into_iter();
            expected.history = history.map(|message| carried(message, form)).collect();
            prop_assert_eq!(read_task(task::to_old(new.clone(), form), form), expected);
        }
    }

    #[test]
    fn answers_are_wrapped_in_http_json_alone(new in task()) {
        let answer = |form| event::answer(SendMessageResponse::Task(new.clone()), form);
        prop_assert_eq!(&answer(Form::Kind), &task::to_old(new.clone(), Form::Kind));
        prop_assert_eq!(&answer(Form::Proto)["task"], &task::to_old(new.clone(), Form::Proto));
    }

    #[test]
    fn webhooks(id in "[a-zA-Z0-9]{1,8}", url in word(), token in word(), scheme in "[a-z]{1,5}", credentials in word()) {
        let new = TaskPushNotificationConfig {
            tenant: String::new(),
            id,
            task_id: "t".to_owned(),
            url,
            token,
            authentication: Some(AuthenticationInfo { scheme, credentials }),
        };
        let kind = object(push::to_old(new.clone(), Form::Kind), "").unwrap();
        prop_assert_eq!(push::set_to_new(kind).unwrap(), new.clone());
        let proto = object(push::to_old(new.clone(), Form::Proto), "").unwrap();
        prop_assert_eq!(push::create_to_new(proto, "t".to_owned()).unwrap(), new);
    }

    /// Whatever a client sends is a message or an error.
    #[test]
    fn no_json_is_a_panic(old in data()) {
        for form in [Form::Kind, Form::Proto] {
            let _ = message::to_new(old.clone(), "message", form);
            let _ = part::to_new(old.clone(), "part", form);
            let sent = object(json!({"message": old, "configuration": old}), "").unwrap();
            let _ = super::sending::to_new(sent, form);
            let _ = push::create_to_new(object(json!({"config": old}), "").unwrap(), String::new());
        }
    }
}
