//! A client of A2A 1.0 over HTTP+JSON, as plain as it can be: it shows what comes over the wire, breaks
//! off where a test wants it to, and reports a lost connection instead of hiding it.

#![allow(
    clippy::indexing_slicing,
    reason = "what is not in a JSON value is null, which the test then shows"
)]

use std::time::Duration;

use serde_json::{Value, json};

/// The longest that an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server could not be reached, or broke off: whether it did what was asked is not known.
    #[error("the connection failed: {0}")]
    Lost(#[from] reqwest::Error),
    /// The server refused.
    #[error("{status}: {body}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// What it says.
        body: Value,
    },
}

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    /// A client of the server at `url`. Its connections are its own.
    ///
    /// # Panics
    /// When this machine cannot make any.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        Self {
            http: http.unwrap_or_default(),
            url: url.trim_end_matches('/').to_owned(),
        }
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        answer(request).await
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn get(&self, path: &str) -> Result<Value, CallError> {
        answer(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Sends a message and returns its task.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn send(&self, body: &Value) -> Result<Value, CallError> {
        let mut sent = self.post("/message:send", body).await?;
        Ok(sent["task"].take())
    }

    /// A task.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn task(&self, id: &str) -> Result<Value, CallError> {
        self.get(&format!("/tasks/{id}")).await
    }

    /// Asks to cancel a task.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn cancel(&self, id: &str) -> Result<Value, CallError> {
        self.post(&format!("/tasks/{id}:cancel"), &json!({})).await
    }

    /// Opens a stream, from the event after `last` if there is one.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn stream(
        &self,
        path: &str,
        body: &Value,
        last: Option<u64>,
    ) -> Result<Events, CallError> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("A2A-Version", "1.0")
            .json(body);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        let response = request.send().await?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        Ok(Events {
            response,
            unread: Vec::new(),
        })
    }

    /// Subscribes to a task, from the event after `last` if there is one.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn subscribe(&self, id: &str, last: Option<u64>) -> Result<Events, CallError> {
        let path = format!("/tasks/{id}:subscribe");
        self.stream(&path, &json!({}), last).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, CallError> {
    let response = request.header("A2A-Version", "1.0").send().await?;
    if !response.status().is_success() {
        return Err(refused(response).await);
    }
    Ok(response.json().await?)
}

async fn refused(response: reqwest::Response) -> CallError {
    let status = response.status().as_u16();
    let body = response.json().await.unwrap_or_default();
    CallError::Refused { status, body }
}

/// A stream of Server-Sent Events.
#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    unread: Vec<u8>,
}

/// One event: its number, if it has one, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `id:`.
    pub number: Option<u64>,
    /// `data:`, a `StreamResponse`.
    pub data: Value,
}

impl Events {
    /// The next event; none at the end of the stream.
    ///
    /// # Errors
    /// [`CallError::Lost`] when the stream broke off.
    pub async fn next(&mut self) -> Result<Option<Event>, CallError> {
        loop {
            let end = self.unread.windows(2).position(|pair| pair == b"\n\n");
            if let Some(end) = end {
                let whole: Vec<u8> = self.unread.drain(..end + 2).collect();
                match event(&String::from_utf8_lossy(&whole)) {
                    Some(event) => return Ok(Some(event)),
                    // A comment, which keeps the connection alive.
                    None => continue,
                }
            }
            match self.response.chunk().await? {
                Some(bytes) => self.unread.extend_from_slice(&bytes),
                None => return Ok(None),
            }
        }
    }

    /// All events until the end.
    ///
    /// # Errors
    /// [`CallError::Lost`] when the stream broke off.
    pub async fn rest(&mut self) -> Result<Vec<Event>, CallError> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}

fn event(text: &str) -> Option<Event> {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.strip_prefix(' ').unwrap_or(value))
    };
    let data = serde_json::from_str(field("data:")?).ok()?;
    Some(Event {
        number: field("id:").and_then(|id| id.parse().ok()),
        data,
    })
}

/// The body that sends a message with this id, which tells the test agents what to do.
#[must_use]
pub fn message(id: &str) -> Value {
    json!({ "message": {
        "messageId": id,
        "role": "ROLE_USER",
        "parts": [{ "text": "hello" }],
    } })
}

/// The same, to be answered at once.
#[must_use]
pub fn at_once(id: &str) -> Value {
    let mut body = message(id);
    body["configuration"] = json!({ "returnImmediately": true });
    body
}

/// The state of a task.
#[must_use]
pub fn state(task: &Value) -> &str {
    task["status"]["state"].as_str().unwrap_or_default()
}

/// True when a task in this state never changes again.
#[must_use]
pub fn has_ended(task: &Value) -> bool {
    matches!(
        state(task),
        "TASK_STATE_COMPLETED"
            | "TASK_STATE_FAILED"
            | "TASK_STATE_CANCELED"
            | "TASK_STATE_REJECTED"
    )
}
