//! What is asked, and which answer is right.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;

use crate::answer::{Answer, Envelope, Events, Listed, Sent, Task, holds, wrong};
use crate::connection::Connection;

/// What senders ask for, again and again.
#[derive(Clone, Debug)]
pub enum Call {
    /// `SendMessage`: the answer is a completed task.
    Send {
        /// The text.
        text: Arc<str>,
        /// Whether the task has one artifact with the same text.
        echoed: bool,
    },
    /// `SendStreamingMessage`, to the bench's agent: the answer is so many pieces of an artifact, and
    /// that the task is completed.
    Stream {
        /// How many.
        events: usize,
    },
    /// `GetTask` of one of these tasks; each sender asks for one after the other.
    Get {
        /// Their ids.
        tasks: Arc<[String]>,
    },
    /// `ListTasks`, the first page.
    List {
        /// How many tasks the page has.
        size: usize,
    },
    /// The agent card.
    Card,
}

impl Call {
    /// A message of one word, whatever the agent says to that.
    #[must_use]
    pub fn hello() -> Self {
        Self::Send {
            text: "hello".into(),
            echoed: false,
        }
    }

    pub(crate) async fn ask(
        &self,
        connection: &mut Connection,
        message_id: &str,
    ) -> Result<Answer, String> {
        match self {
            Self::Send { text, echoed } => {
                let body = message("SendMessage", message_id, text);
                let is_right = |task: &Task| !echoed || task.says(text);
                let answer: Sent = called(connection, body, |sent: &Sent| {
                    sent.task.is_completed() && is_right(&sent.task)
                })
                .await?;
                Ok(Answer {
                    task: Some(answer.task.id),
                    ..Answer::default()
                })
            }
            Self::Stream { events } => streamed(connection, message_id, *events).await,
            Self::Get { tasks } => {
                let number = message_id.rsplit('-').next();
                let number: usize = number.and_then(|number| number.parse().ok()).unwrap_or(0);
                let id = tasks.get(number % tasks.len().max(1)).ok_or("no task")?;
                let body = call("GetTask", &format!(r#"{{"id":"{id}"}}"#));
                called(connection, body, |task: &Task| {
                    task.id == *id && task.is_completed()
                })
                .await?;
                Ok(Answer::default())
            }
            Self::List { size } => {
                let body = call("ListTasks", &format!(r#"{{"pageSize":{size}}}"#));
                called(connection, body, |page: &Listed| page.tasks.len() == *size).await?;
                Ok(Answer::default())
            }
            Self::Card => {
                let (status, body) = connection.get("/.well-known/agent-card.json").await?;
                if status == StatusCode::OK && holds(&body, r#""supportedInterfaces""#) {
                    Ok(Answer::default())
                } else {
                    Err(wrong(status, &body))
                }
            }
        }
    }
}

async fn called<R: serde::de::DeserializeOwned>(
    connection: &mut Connection,
    body: String,
    is_right: impl Fn(&R) -> bool,
) -> Result<R, String> {
    let (status, body) = connection.call(body).await?;
    serde_json::from_slice(&body)
        .ok()
        .map(|answer: Envelope<R>| answer.result)
        .filter(is_right)
        .ok_or_else(|| wrong(status, &body))
}

async fn streamed(
    connection: &mut Connection,
    message_id: &str,
    expected: usize,
) -> Result<Answer, String> {
    let body = message(
        "SendStreamingMessage",
        message_id,
        &format!("events {expected}"),
    );
    let mut events = Events::of(connection.stream(body).await?)?;
    let (mut first_event, mut pieces, mut last) = (None, 0, None);
    while let Some(data) = events.next().await? {
        first_event.get_or_insert_with(Instant::now);
        pieces += usize::from(holds(&data, r#""artifactUpdate""#));
        last = Some(data);
    }
    let last = last.unwrap_or_default();
    if pieces != expected || !holds(&last, "TASK_STATE_COMPLETED") {
        let end = wrong(StatusCode::OK, &last);
        return Err(format!("{pieces} pieces of {expected}, the last: {end}"));
    }
    Ok(Answer {
        task: None,
        first_event,
    })
}

/// A call with one message of text.
pub(crate) fn message(method: &str, id: &str, text: &str) -> String {
    call(
        method,
        &format!(
            r#"{{"message":{{"messageId":"{id}","role":"ROLE_USER","parts":[{{"text":"{text}"}}]}}}}"#
        ),
    )
}

fn call(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}
