//! What streams carry. 0.3 marks the event after which nothing follows: `final`.

use serde_json::{Value, json};

use super::object::Object;
use super::{Ends, Form, message, task};
use crate::wire::{SendMessageResponse, StreamResponse};

/// The answer to a message: bare in JSON-RPC, in a wrapper that names it in HTTP+JSON.
pub(super) fn answer(new: SendMessageResponse, form: Form) -> Value {
    match new {
        SendMessageResponse::Task(task) => wrapped("task", task::to_old(task, form), form),
        SendMessageResponse::Message(message) => {
            wrapped("message", message::to_old(message, form), form)
        }
    }
}

/// An event as 0.3 has it.
pub(super) fn to_old(new: StreamResponse, form: Form, ends: Ends) -> Value {
    match new {
        StreamResponse::Task(task) => wrapped("task", task::to_old(task, form), form),
        StreamResponse::Message(message) => {
            wrapped("message", message::to_old(message, form), form)
        }
        StreamResponse::StatusUpdate(update) => {
            let state = update.status.state;
            let last = state.is_terminal() || (ends == Ends::WithTurn && state.is_interrupted());
            let mut old = event("status-update", update.task_id, update.context_id, form);
            let status = task::status(update.status, form);
            old.insert("status".to_owned(), status);
            flag(&mut old, "final", last, form);
            if let Some(metadata) = update.metadata {
                old.insert("metadata".to_owned(), Value::Object(metadata));
            }
            wrapped("statusUpdate", Value::Object(old), form)
        }
        StreamResponse::ArtifactUpdate(update) => {
            let mut old = event("artifact-update", update.task_id, update.context_id, form);
            let artifact = task::artifact(update.artifact, form);
            old.insert("artifact".to_owned(), artifact);
            flag(&mut old, "append", update.append, form);
            flag(&mut old, "lastChunk", update.last_chunk, form);
            if let Some(metadata) = update.metadata {
                old.insert("metadata".to_owned(), Value::Object(metadata));
            }
            wrapped("artifactUpdate", Value::Object(old), form)
        }
    }
}

fn event(kind: &str, task_id: String, context_id: String, form: Form) -> Object {
    let mut old = Object::new();
    if form == Form::Kind {
        old.insert("kind".to_owned(), json!(kind));
    }
    old.insert("taskId".to_owned(), Value::String(task_id));
    old.insert("contextId".to_owned(), Value::String(context_id));
    old
}

/// ProtoJSON omits what is false.
fn flag(old: &mut Object, name: &str, value: bool, form: Form) {
    if value || form == Form::Kind {
        old.insert(name.to_owned(), json!(value));
    }
}

fn wrapped(name: &str, value: Value, form: Form) -> Value {
    match form {
        Form::Kind => value,
        Form::Proto => json!({ name: value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        Artifact, TaskArtifactUpdateEvent, TaskState, TaskStatus, TaskStatusUpdateEvent,
    };

    fn status(state: TaskState) -> StreamResponse {
        StreamResponse::StatusUpdate(TaskStatusUpdateEvent {
            task_id: "t".to_owned(),
            context_id: "c".to_owned(),
            status: TaskStatus {
                state,
                ..TaskStatus::default()
            },
            metadata: None,
        })
    }

    #[test]
    fn the_last_event_of_a_stream_is_final() {
        use TaskState::*;
        for (state, with_turn, with_task) in [
            (Submitted, false, false),
            (Working, false, false),
            (InputRequired, true, false),
            (AuthRequired, true, false),
            (Completed, true, true),
            (Failed, true, true),
            (Canceled, true, true),
            (Rejected, true, true),
        ] {
            for (ends, last) in [(Ends::WithTurn, with_turn), (Ends::WithTask, with_task)] {
                let old = to_old(status(state), Form::Kind, ends);
                assert_eq!(old["final"], json!(last), "{state:?} {ends:?}");
                let old = to_old(status(state), Form::Proto, ends);
                let expected = last.then(|| json!(true));
                assert_eq!(old["statusUpdate"].get("final"), expected.as_ref());
            }
        }
    }

    #[test]
    fn the_two_forms_of_an_event() {
        assert_eq!(
            to_old(status(TaskState::Canceled), Form::Kind, Ends::WithTask),
            json!({
                "kind": "status-update", "taskId": "t", "contextId": "c",
                "status": {"state": "canceled"}, "final": true,
            })
        );
        assert_eq!(
            to_old(status(TaskState::Canceled), Form::Proto, Ends::WithTask),
            json!({"statusUpdate": {
                "taskId": "t", "contextId": "c",
                "status": {"state": "TASK_STATE_CANCELLED"}, "final": true,
            }})
        );
        let update = || {
            StreamResponse::ArtifactUpdate(TaskArtifactUpdateEvent {
                task_id: "t".to_owned(),
                context_id: "c".to_owned(),
                artifact: Artifact::text("a", "x"),
                append: false,
                last_chunk: true,
                metadata: None,
            })
        };
        assert_eq!(
            to_old(update(), Form::Kind, Ends::WithTask),
            json!({
                "kind": "artifact-update", "taskId": "t", "contextId": "c",
                "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": "x"}]},
                "append": false, "lastChunk": true,
            })
        );
        assert_eq!(
            to_old(update(), Form::Proto, Ends::WithTask),
            json!({"artifactUpdate": {
                "taskId": "t", "contextId": "c",
                "artifact": {"artifactId": "a", "parts": [{"text": "x"}]},
                "lastChunk": true,
            }})
        );
    }
}
