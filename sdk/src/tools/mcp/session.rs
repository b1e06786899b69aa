//! One session with a server: it begins with `initialize`, and ends when it is dropped.

use crate::tools::json::get;
use std::cell::{Cell, RefCell};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::message::Message;
use crate::outbound::{Response, SendError, within};
use crate::tools::http::{Headers, excerpt, farewell, request};
use crate::tools::remotes::McpServer;
use crate::tools::sse::{Event, Events, EventsError};

/// The revisions that are spoken, newest first.
const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// The largest answer, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// How often a stream that ended without the answer is asked for again.
const MAX_RESUMES: usize = 5;
/// The longest pause before that.
const MAX_RETRY: Duration = Duration::from_secs(5);

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";

pub(super) struct Session {
    url: String,
    headers: Headers,
    time: Duration,
    state: RefCell<State>,
    next_id: Cell<u64>,
}

/// What the server said when the session began.
#[derive(Clone, Debug, Default)]
struct State {
    id: Option<String>,
    version: Option<String>,
    /// How often it began.
    beginnings: u32,
}

/// Why there is no answer.
enum Fault {
    /// The server does not know the session any more.
    Lost,
    /// Anything else, as the end of a sentence that begins with the server's name.
    Said(String),
}

impl From<SendError> for Fault {
    fn from(error: SendError) -> Self {
        Self::Said(format!("cannot be used: {error}"))
    }
}

impl From<EventsError> for Fault {
    fn from(error: EventsError) -> Self {
        Self::Said(format!("broke off its answer: {error}"))
    }
}

impl Session {
    pub(super) async fn begin(server: &McpServer) -> Result<Self, String> {
        let session = Self {
            url: server.url.clone(),
            headers: server.headers.clone(),
            time: Duration::from_secs(server.timeout.max(1)),
            state: RefCell::default(),
            next_id: Cell::new(1),
        };
        session.initialize().await?;
        Ok(session)
    }

    /// Asks, and begins anew where the server has lost the session: once for each request.
    pub(super) async fn request(&self, method: &str, parameters: Value) -> Result<Value, String> {
        let beginnings = self.state.borrow().beginnings;
        match self.ask(method, &parameters).await {
            Ok(result) => return Ok(result),
            Err(Fault::Said(why)) => return Err(why),
            Err(Fault::Lost) => {}
        }
        // Another call that ran beside this one may have begun it anew already.
        if self.state.borrow().beginnings == beginnings {
            self.initialize().await?;
        }
        match self.ask(method, &parameters).await {
            Ok(result) => Ok(result),
            Err(Fault::Said(why)) => Err(why),
            Err(Fault::Lost) => Err("loses its sessions at once".to_owned()),
        }
    }

    async fn initialize(&self) -> Result<(), String> {
        let beginnings = self.state.borrow().beginnings + 1;
        *self.state.borrow_mut() = State {
            beginnings,
            ..State::default()
        };
        let parameters = json!({
            "protocolVersion": VERSIONS[0],
            "capabilities": {},
            "clientInfo": { "name": "attache", "version": env!("CARGO_PKG_VERSION") },
        });
        let said = self
            .ask("initialize", &parameters)
            .await
            .map_err(|fault| match fault {
                Fault::Said(why) => why,
                Fault::Lost => "has no MCP at this URL (404)".to_owned(),
            })?;
        let version = get(&said, "protocolVersion").as_str().unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(format!(
                "speaks revision {version:?} of MCP; this client speaks {}",
                VERSIONS.join(", ")
            ));
        }
        self.state.borrow_mut().version = Some(version.to_owned());
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.tell(&initialized).await.map_err(|fault| match fault {
            Fault::Said(why) => why,
            Fault::Lost => "loses its sessions at once".to_owned(),
        })
    }

    async fn ask(&self, method: &str, parameters: &Value) -> Result<Value, Fault> {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters });
        let unanswered = Unanswered {
            session: self,
            id,
            answered: Cell::new(method == "initialize"),
        };
        let asked = within(self.time, self.answer(&message, id)).await;
        let Some(answer) = asked else {
            let seconds = self.time.as_secs();
            return Err(Fault::Said(format!("did not answer within {seconds} s")));
        };
        unanswered.answered.set(true);
        answer
    }

    async fn answer(&self, message: &Value, id: u64) -> Result<Value, Fault> {
        let mut response = self.post(message).await?;
        if let Some(session) = response.header(SESSION) {
            let mut state = self.state.borrow_mut();
            if state.id.is_none() {
                state.id = Some(session.to_owned());
            }
        }
        match response.media_type().as_deref() {
            Some("text/event-stream") => {}
            Some("application/json") => {
                let body = response.bytes(MAX_ANSWER).await?;
                let body = serde_json::from_slice(&body).map_err(|error| {
                    Fault::Said(format!("answered with what is no JSON ({error})"))
                })?;
                for message in Message::all(body, id) {
                    if let Some(answer) = self.take(message).await? {
                        return Ok(answer);
                    }
                }
                return Err(Fault::Said("answered something else".to_owned()));
            }
            other => {
                let other = other.unwrap_or("nothing");
                return Err(Fault::Said(format!(
                    "answered with {other:?}, which is no MCP"
                )));
            }
        }
        let mut events = Events::of(response, MAX_ANSWER);
        let (mut last, mut retry) = (None, Duration::from_millis(500));
        for _ in 0..MAX_RESUMES {
            // A server may end a stream before it has the answer, and give it later.
            let broke = loop {
                match events.next().await {
                    Ok(Some(Event {
                        data,
                        id: number,
                        retry: pause,
                    })) => {
                        last = number.or(last);
                        if let Some(pause) = pause {
                            retry = Duration::from_millis(pause).min(MAX_RETRY);
                        }
                        let Ok(body) = serde_json::from_str(&data) else {
                            continue;
                        };
                        for message in Message::all(body, id) {
                            if let Some(answer) = self.take(message).await? {
                                return Ok(answer);
                            }
                        }
                    }
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            let Some(last) = &last else {
                return Err(broke.map_or_else(
                    || Fault::Said("ended its answer before it was whole".to_owned()),
                    Fault::from,
                ));
            };
            wstd::task::sleep(retry.into()).await;
            let resumed = self
                .prepared(Method::GET)?
                .header("accept", "text/event-stream")?;
            let response = self.sent(resumed.header("last-event-id", last)?).await?;
            events = Events::of(response, MAX_ANSWER);
        }
        Err(Fault::Said(
            "ends its answers before they are whole".to_owned(),
        ))
    }

    /// The answer, if this is it.
    async fn take(&self, message: Message) -> Result<Option<Value>, Fault> {
        match message {
            Message::Result(result) => Ok(Some(result)),
            Message::Error(why) => Err(Fault::Said(format!("answered with an error: {why}"))),
            Message::Asks(answer) => {
                // A server that does not hear it may still have what was asked for.
                let _ = self.tell(&answer).await;
                Ok(None)
            }
            Message::Other => Ok(None),
        }
    }

    /// Sends what is not answered.
    async fn tell(&self, message: &Value) -> Result<(), Fault> {
        self.post(message).await.map(drop)
    }

    async fn post(&self, message: &Value) -> Result<Response, Fault> {
        let request = self
            .prepared(Method::POST)?
            .header("accept", "application/json, text/event-stream")?
            .json(message);
        self.sent(request).await
    }

    fn prepared(&self, method: Method) -> Result<crate::outbound::Request, SendError> {
        request(method, &self.url, &self.all_headers(), self.time)
    }

    fn all_headers(&self) -> Headers {
        let mut headers = self.headers.clone();
        let state = self.state.borrow();
        if let Some(id) = &state.id {
            headers.insert(SESSION.to_owned(), id.clone());
        }
        if let Some(version) = &state.version {
            headers.insert(VERSION.to_owned(), version.clone());
        }
        headers
    }

    async fn sent(&self, request: crate::outbound::Request) -> Result<Response, Fault> {
        let mut response = request.send().await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.as_u16() == 404 && self.state.borrow().id.is_some() {
            return Err(Fault::Lost);
        }
        let said = response.bytes(16 * 1024).await.unwrap_or_default();
        let said = excerpt(&said);
        Err(Fault::Said(match status.as_u16() {
            401 | 403 => format!("refuses this agent ({status}): {said}"),
            300..=399 => format!("redirects elsewhere ({status}), which is not followed"),
            _ => format!("answered with {status}: {said}"),
        }))
    }
}

/// A request whose answer is not there yet. The server is told when nobody waits for it any more.
struct Unanswered<'a> {
    session: &'a Session,
    id: u64,
    answered: Cell<bool>,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if self.answered.get() {
            return;
        }
        let message = json!({
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": { "requestId": self.id, "reason": "nobody waits for it any more" },
        });
        let mut headers = self.session.all_headers();
        headers.insert("content-type".to_owned(), "application/json".to_owned());
        headers.insert(
            "accept".to_owned(),
            "application/json, text/event-stream".to_owned(),
        );
        farewell(&Method::POST, &self.session.url, &headers, Some(&message));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.state.borrow().id.is_some() {
            farewell(&Method::DELETE, &self.url, &self.all_headers(), None);
        }
    }
}
