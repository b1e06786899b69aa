//! One message to an agent, and what follows until it has answered.

use crate::tools::json::{get, set, take};
use std::time::Duration;

use attache_protocol::wire::StreamResponse;
use http::Method;
use serde_json::{Value, json};

use super::Kept;
use super::card::{Binding, Target, Version};
use super::reply::Reply;
use super::v0_3;
use crate::outbound::{Response, within};
use crate::tools::http::{Headers, excerpt, farewell, new_id, request};
use crate::tools::sse::Events;

/// The largest answer, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// How often a task is asked for, at first and in the end.
const FIRST_POLL: Duration = Duration::from_millis(250);
const LAST_POLL: Duration = Duration::from_secs(5);

/// The four operations that are needed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Send,
    Stream,
    Get,
    Cancel,
}

pub(super) struct Talk<'a> {
    target: &'a Target,
    headers: Headers,
    reply: Reply,
}

impl<'a> Talk<'a> {
    pub(super) fn new(target: &'a Target, baggage: String) -> Self {
        let mut headers = target.headers.clone();
        let version = target.interface.version.as_str().to_owned();
        headers.insert("a2a-version".to_owned(), version);
        headers.insert("baggage".to_owned(), baggage);
        Self {
            target,
            headers,
            reply: Reply::default(),
        }
    }

    /// Sends a message and follows its task until the agent rests. The error is the end of a sentence
    /// that begins with the agent's name.
    pub(super) async fn say(&mut self, text: &str, kept: &Kept) -> Result<Reply, String> {
        let running = Running(self);
        let time = running.0.target.time;
        let Some(said) = within(time, running.0.follow(text, kept)).await else {
            // The guard cancels the task.
            return Err(format!(
                "did not come to an end within {} s",
                time.as_secs()
            ));
        };
        said?;
        Ok(std::mem::take(&mut running.0.reply))
    }

    async fn follow(&mut self, text: &str, kept: &Kept) -> Result<(), String> {
        let message = self.message(text, kept);
        let broke = if self.target.streams {
            self.stream(&message).await
        } else {
            self.send(&message).await
        };
        // A stream that broke off may have named its task before.
        if let Err(why) = broke
            && self.reply.task_id().is_none()
        {
            return Err(why);
        }
        let mut pause = FIRST_POLL;
        let mut failures = 0;
        while !self.reply.is_whole() {
            let Some(id) = self.reply.task_id().map(str::to_owned) else {
                return Err("answered with neither a task nor a message".to_owned());
            };
            wstd::task::sleep(pause.into()).await;
            pause = (pause * 2).min(LAST_POLL);
            match self.get(&id).await {
                Ok(()) => failures = 0,
                Err(_) if failures < 3 => failures += 1,
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// The parameters of a send.
    fn message(&self, text: &str, kept: &Kept) -> Value {
        let old = self.target.interface.version == Version::V0_3;
        let mut message = if old {
            json!({
                "kind": "message", "messageId": new_id(), "role": "user",
                "parts": [{ "kind": "text", "text": text }],
            })
        } else {
            json!({ "messageId": new_id(), "role": "ROLE_USER", "parts": [{ "text": text }] })
        };
        for (name, id) in [("contextId", &kept.context_id), ("taskId", &kept.task_id)] {
            if !id.is_empty() {
                set(&mut message, name, json!(id));
            }
        }
        let mut configuration =
            json!({ "acceptedOutputModes": ["text/plain", "application/json"] });
        if old {
            set(&mut configuration, "blocking", json!(true));
        } else {
            set(&mut configuration, "historyLength", json!(0));
        }
        json!({ "message": message, "configuration": configuration })
    }

    async fn send(&mut self, parameters: &Value) -> Result<(), String> {
        let mut response = self.ask(Operation::Send, "", parameters).await?;
        self.take_body(&mut response, false).await
    }

    async fn get(&mut self, id: &str) -> Result<(), String> {
        let mut parameters = json!({ "id": id });
        if self.target.interface.version == Version::V1_0 {
            set(&mut parameters, "historyLength", json!(0));
        }
        let mut response = self.ask(Operation::Get, id, &parameters).await?;
        self.take_body(&mut response, true).await
    }

    async fn stream(&mut self, parameters: &Value) -> Result<(), String> {
        let mut response = self.ask(Operation::Stream, "", parameters).await?;
        if response.media_type().as_deref() != Some("text/event-stream") {
            return self.take_body(&mut response, false).await;
        }
        let mut events = Events::of(response, MAX_ANSWER);
        while !self.reply.is_whole() {
            let event = events.next().await;
            let event = event.map_err(|error| format!("broke off its answer: {error}"))?;
            let Some(event) = event else {
                break;
            };
            if event.data.is_empty() {
                continue;
            }
            let body = serde_json::from_str(&event.data)
                .map_err(|error| format!("answered with what is no JSON: {error}"))?;
            self.take(body, false)?;
        }
        Ok(())
    }

    async fn take_body(&mut self, response: &mut Response, is_task: bool) -> Result<(), String> {
        let body = response.bytes(MAX_ANSWER).await;
        let body = body.map_err(|error| format!("broke off its answer: {error}"))?;
        let body = serde_json::from_slice(&body)
            .map_err(|error| format!("answered with what is no JSON: {error}"))?;
        self.take(body, is_task)
    }

    fn take(&mut self, mut body: Value, is_task: bool) -> Result<(), String> {
        let interface = &self.target.interface;
        if interface.binding == Binding::JsonRpc {
            if get(&body, "error").is_object() {
                let said = get(get(&body, "error"), "message")
                    .as_str()
                    .unwrap_or("an error without words");
                return Err(format!("answered with an error: {said}"));
            }
            body = take(&mut body, "result");
        }
        let event = match (interface.version, is_task) {
            (Version::V0_3, _) => v0_3::to_new(body),
            (Version::V1_0, true) => json!({ "task": body }),
            (Version::V1_0, false) => body,
        };
        let event: StreamResponse = serde_json::from_value(event)
            .map_err(|error| format!("answered with what A2A does not know: {error}"))?;
        self.reply.take(event);
        Ok(())
    }

    async fn ask(
        &self,
        operation: Operation,
        id: &str,
        parameters: &Value,
    ) -> Result<Response, String> {
        let failed = |error| format!("cannot be asked: {error}");
        let (method, url, body) = self.prepare(operation, id, parameters);
        let accept = match operation {
            Operation::Stream => "text/event-stream",
            _ => "application/json",
        };
        let mut asked = request(method, &url, &self.headers, self.target.time)
            .and_then(|request| request.header("accept", accept))
            .map_err(failed)?;
        if let Some(body) = body {
            asked = asked.json(&body);
        }
        let mut response = asked.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let said = excerpt(&response.bytes(64 * 1024).await.unwrap_or_default());
        Err(match status.as_u16() {
            401 | 403 => format!("refuses this agent ({status}): {said}"),
            300..=399 => format!("redirects elsewhere ({status}), which is not followed"),
            _ => format!("answered with {status}: {said}"),
        })
    }

    fn prepare(
        &self,
        operation: Operation,
        id: &str,
        parameters: &Value,
    ) -> (Method, String, Option<Value>) {
        let interface = &self.target.interface;
        let mut parameters = parameters.clone();
        if interface.binding == Binding::HttpJson {
            let base = interface.url.trim_end_matches('/');
            let tenant = match &*interface.tenant {
                "" => String::new(),
                tenant => format!("/{tenant}"),
            };
            return match operation {
                Operation::Send => {
                    let url = format!("{base}{tenant}/message:send");
                    (Method::POST, url, Some(parameters))
                }
                Operation::Stream => {
                    let url = format!("{base}{tenant}/message:stream");
                    (Method::POST, url, Some(parameters))
                }
                Operation::Get => {
                    let url = format!("{base}{tenant}/tasks/{id}?historyLength=0");
                    (Method::GET, url, None)
                }
                Operation::Cancel => {
                    let url = format!("{base}{tenant}/tasks/{id}:cancel");
                    (Method::POST, url, Some(json!({})))
                }
            };
        }
        if !interface.tenant.is_empty() {
            set(&mut parameters, "tenant", json!(interface.tenant));
        }
        let method = match (interface.version, operation) {
            (Version::V1_0, Operation::Send) => "SendMessage",
            (Version::V1_0, Operation::Stream) => "SendStreamingMessage",
            (Version::V1_0, Operation::Get) => "GetTask",
            (Version::V1_0, Operation::Cancel) => "CancelTask",
            (Version::V0_3, Operation::Send) => "message/send",
            (Version::V0_3, Operation::Stream) => "message/stream",
            (Version::V0_3, Operation::Get) => "tasks/get",
            (Version::V0_3, Operation::Cancel) => "tasks/cancel",
        };
        let body = json!({
            "jsonrpc": "2.0", "id": new_id(), "method": method, "params": parameters,
        });
        (Method::POST, interface.url.clone(), Some(body))
    }
}

/// A message that is on its way. Dropped before its answer, it takes its task along, if it is known.
struct Running<'a, 'b>(&'a mut Talk<'b>);

impl Drop for Running<'_, '_> {
    fn drop(&mut self) {
        let talk = &self.0;
        if talk.reply.is_whole() {
            return;
        }
        let Some(id) = talk.reply.task_id() else {
            return;
        };
        let (method, url, body) = talk.prepare(Operation::Cancel, id, &json!({ "id": id }));
        let mut headers = talk.headers.clone();
        headers.insert("content-type".to_owned(), "application/json".to_owned());
        farewell(&method, &url, &headers, body.as_ref());
    }
}
