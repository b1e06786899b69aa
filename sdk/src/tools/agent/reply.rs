//! What an agent answered, for the model.

use crate::tools::json::set;
use attache_protocol::wire::{Artifact, Content, Message, Part, StreamResponse, Task, TaskState};
use serde_json::{Map, Value, json};

use super::Kept;

/// What is known of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Reply {
    task: Option<Task>,
    message: Option<Message>,
}

impl Reply {
    pub(super) fn take(&mut self, event: StreamResponse) {
        match event {
            StreamResponse::Message(message) => self.message = Some(message),
            event => {
                let task = self.task.get_or_insert_default();
                if let StreamResponse::StatusUpdate(update) = &event {
                    task.id.clone_from(&update.task_id);
                    task.context_id.clone_from(&update.context_id);
                }
                task.apply(event);
            }
        }
    }

    /// The task, if there is one.
    pub(super) fn task_id(&self) -> Option<&str> {
        let task = self.task.as_ref()?;
        (!task.id.is_empty()).then_some(&*task.id)
    }

    /// Whether the agent has nothing more to say before it is asked again.
    pub(super) fn is_whole(&self) -> bool {
        let state = self.task.as_ref().map(|task| task.status.state);
        let rests = state.is_some_and(|s| s.is_terminal() || s.is_interrupted());
        rests || (self.message.is_some() && self.task.is_none())
    }

    /// What a follow-up needs.
    pub(super) fn kept(&self, before: &Kept) -> Kept {
        let context_id = match (&self.task, &self.message) {
            (Some(task), _) => task.context_id.clone(),
            (None, Some(message)) => message.context_id.clone(),
            (None, None) => String::new(),
        };
        let waiting = self
            .task
            .as_ref()
            .filter(|task| task.status.state.is_interrupted());
        Kept {
            context_id: if context_id.is_empty() {
                before.context_id.clone()
            } else {
                context_id
            },
            task_id: waiting.map_or_else(String::new, |task| task.id.clone()),
        }
    }

    /// The answer; the error is that of an agent that failed or refused.
    pub(super) fn for_model(self, name: &str) -> Result<Value, String> {
        let Some(task) = self.task else {
            let parts = self
                .message
                .map(|message| message.parts)
                .unwrap_or_default();
            let mut found = Found::default();
            found.add(parts);
            return Ok(found.print("completed"));
        };
        let mut found = Found::default();
        for Artifact { parts, .. } in task.artifacts.unwrap_or_default() {
            found.add(parts);
        }
        found.add(task.status.message.map(|m| m.parts).unwrap_or_default());
        let failed = |what: &str, found: &Found| {
            let why = if found.text.is_empty() {
                "It does not say why."
            } else {
                &found.text
            };
            Err(format!("The agent {name:?} {what}: {why}"))
        };
        let waits = |found: Found, status: &str, note: &str| {
            let mut printed = found.print(status);
            set(&mut printed, "taskId", json!(task.id));
            set(&mut printed, "contextId", json!(task.context_id));
            set(&mut printed, "note", json!(note));
            printed
        };
        match task.status.state {
            TaskState::Failed => failed("failed", &found),
            TaskState::Rejected => failed("will not do this", &found),
            TaskState::Canceled => failed("was told to stop", &found),
            TaskState::InputRequired => Ok(waits(
                found,
                "input_required",
                "The agent asks something. Call it again with the answer: it goes on with this task. \
                 Ask the user where you do not know it.",
            )),
            TaskState::AuthRequired => Ok(waits(
                found,
                "auth_required",
                "The agent needs an authorisation that you cannot give. Tell the user what it says.",
            )),
            _ => Ok(found.print("completed")),
        }
    }
}

/// The parts of an answer, sorted.
#[derive(Default)]
struct Found {
    text: String,
    data: Vec<Value>,
    files: Vec<Value>,
}

impl Found {
    /// The pieces of a streamed text are one text.
    fn add(&mut self, parts: Vec<Part>) {
        let mut text = String::new();
        for part in parts {
            match part.content {
                Content::Text(piece) => text.push_str(&piece),
                Content::Data(data) => self.data.push(data),
                Content::Url(url) => self.files.push(json!({
                    "url": url, "mediaType": part.media_type, "filename": part.filename,
                })),
                Content::Raw(bytes) => self.files.push(json!({
                    "bytes": bytes.len(), "mediaType": part.media_type, "filename": part.filename,
                    "note": "A file, which is not shown.",
                })),
            }
        }
        let text = text.trim();
        if !text.is_empty() && !self.text.ends_with(text) {
            if !self.text.is_empty() {
                self.text.push_str("\n\n");
            }
            self.text.push_str(text);
        }
    }

    fn print(self, state: &str) -> Value {
        let mut printed = Map::new();
        printed.insert("state".to_owned(), json!(state));
        printed.insert("text".to_owned(), json!(self.text));
        for (name, values) in [("data", self.data), ("files", self.files)] {
            if !values.is_empty() {
                printed.insert(name.to_owned(), Value::Array(values));
            }
        }
        Value::Object(printed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(events: &[Value]) -> Reply {
        let mut reply = Reply::default();
        for event in events {
            reply.take(serde_json::from_value(event.clone()).unwrap());
        }
        reply
    }

    #[test]
    fn a_streamed_answer_is_put_together() {
        let artifact = |text: &str, append: bool| {
            json!({"artifactUpdate": {"taskId": "t", "contextId": "c", "append": append,
                "artifact": {"artifactId": "a", "parts": [{"text": text}]}}})
        };
        let status = |state: &str| json!({"statusUpdate": {"taskId": "t", "contextId": "c", "status": {"state": state}}});
        let mut events = vec![
            json!({"task": {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_SUBMITTED"}}}),
            artifact("forty", false),
            artifact("-two", true),
        ];
        assert!(!reply(&events).is_whole());
        events.push(status("TASK_STATE_COMPLETED"));
        let reply = reply(&events);
        assert!(reply.is_whole());
        assert_eq!(reply.task_id(), Some("t"));
        assert_eq!(reply.kept(&Kept::default()).context_id, "c");
        assert_eq!(reply.kept(&Kept::default()).task_id, "");
        assert_eq!(
            reply.for_model("other"),
            Ok(json!({"state": "completed", "text": "forty-two"}))
        );
    }

    #[test]
    fn what_it_waits_for_and_how_it_fails() {
        let task = |state: &str| {
            reply(&[
                json!({"task": {"id": "t", "contextId": "c", "status": {"state": state,
                "message": {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "Which?"}]}}}}),
            ])
        };
        let waiting = task("TASK_STATE_INPUT_REQUIRED");
        assert_eq!(waiting.kept(&Kept::default()).task_id, "t");
        let given = waiting.for_model("other").unwrap();
        assert_eq!(given["state"], "input_required");
        assert_eq!(given["text"], "Which?");
        assert_eq!(given["taskId"], "t");
        let failed = task("TASK_STATE_FAILED").for_model("other");
        assert_eq!(failed, Err("The agent \"other\" failed: Which?".to_owned()));
    }
}
