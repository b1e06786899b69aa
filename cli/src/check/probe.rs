//! An agent through one binding, and what several checks want of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::agent::Agent;
use super::verdict::{Ended, skipped, wrong};
use super::wire::{Operation, Wire};

/// The states that nothing follows.
pub(crate) const TERMINAL: [&str; 4] = [
    "TASK_STATE_COMPLETED",
    "TASK_STATE_FAILED",
    "TASK_STATE_CANCELED",
    "TASK_STATE_REJECTED",
];
/// The states that wait for the client.
pub(crate) const INTERRUPTED: [&str; 2] = ["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"];
/// The id of no task: a UUID, since some servers take nothing else.
pub(crate) const NO_TASK: &str = "00000000-0000-4000-8000-000000000000";

/// One binding of an agent.
#[derive(Debug)]
pub(crate) struct Probe<'a> {
    /// The agent.
    pub(crate) agent: &'a Agent,
    /// The interface.
    pub(crate) wire: Wire,
    answer: OnceCell<Result<Value, Ended>>,
    ended: OnceCell<Result<Value, Ended>>,
}

impl<'a> Probe<'a> {
    pub(crate) fn new(agent: &'a Agent, wire: Wire) -> Self {
        Self {
            agent,
            wire,
            answer: OnceCell::new(),
            ended: OnceCell::new(),
        }
    }

    /// The parameters that send the text, with more members in the message.
    pub(crate) fn params(&self, more: Value) -> Value {
        let mut message = json!({
            "messageId": new_id(),
            "role": "ROLE_USER",
            "parts": [{ "text": self.agent.reach.text }],
        });
        if let (Some(message), Some(more)) = (message.as_object_mut(), more.as_object()) {
            message.extend(more.clone());
        }
        json!({ "message": message })
    }

    /// Sends the text, and gives the answer: `{"task": …}` or `{"message": …}`.
    pub(crate) async fn send(&self, more: Value) -> Result<Value, Ended> {
        self.wire
            .call(&Operation::Send(self.params(more)))
            .await?
            .result()
    }

    /// The answer to the first text that was sent.
    pub(crate) async fn answer(&self) -> Result<Value, Ended> {
        self.answer
            .get_or_init(|| self.send(json!({})))
            .await
            .clone()
    }

    /// A task that has ended. One that waits for its client is cancelled.
    pub(crate) async fn ended_task(&self) -> Result<Value, Ended> {
        self.ended.get_or_init(|| self.end_task()).await.clone()
    }

    async fn end_task(&self) -> Result<Value, Ended> {
        let answer = match self.answer().await {
            Ok(answer) => answer,
            Err(_) => return skipped("no message is answered: see send.answers"),
        };
        let task = task_of(&answer)?;
        if TERMINAL.contains(&state(task)) {
            return Ok(task.clone());
        }
        let cancelled = self.wire.call(&Operation::Cancel(text(task, "id"))).await?;
        match cancelled.outcome()? {
            Ok(task) if TERMINAL.contains(&state(&task)) => Ok(task),
            _ => skipped("no task of this agent has ended"),
        }
    }
}

/// The task in an answer.
pub(crate) fn task_of(answer: &Value) -> Result<&Value, Ended> {
    match (answer.get("task"), answer.get("message")) {
        (Some(task), None) => Ok(task),
        (None, Some(_)) => skipped("the agent answers with a message, and makes no task"),
        _ => wrong(format!("an answer with {}", members(answer))),
    }
}

/// A member that is text, or nothing.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}

/// The state of a task.
pub(crate) fn state(task: &Value) -> &str {
    task.pointer("/status/state")
        .and_then(Value::as_str)
        .unwrap_or("")
}

/// The names of the members, for people.
pub(crate) fn members(value: &Value) -> String {
    match value.as_object() {
        Some(object) if object.is_empty() => "no members".to_owned(),
        Some(object) => {
            let names: Vec<_> = object.keys().take(8).map(String::as_str).collect();
            format!("the members {}", names.join(", "))
        }
        None => "no object".to_owned(),
    }
}

/// An id that no message had.
pub(crate) fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("check-{nanos:x}-{}-{next}", std::process::id())
}
