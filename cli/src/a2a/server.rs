//! A server, spoken to over one interface.

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::card::Card;
use super::fault::{self, CallError};
use super::http::{Http, Whole};
use super::interface::{self, Binding, Interface, Version};
use super::operation::Operation;
use super::origin::{Origin, shown};
use super::sse::{Frame, Parser};
use super::words;
use crate::failure::{Exit, Failure};

const LAST_EVENT_ID: &str = "last-event-id";

/// A server, and the interface in use.
#[derive(Debug)]
pub(crate) struct Server {
    http: Http,
    interface: Interface,
    extensions: Vec<String>,
}

impl Server {
    /// # Errors
    /// When the card offers nothing that is spoken here, or is at an origin that the credentials may not
    /// go to.
    pub(super) fn of_card(
        http: Http,
        card: &Card,
        binding: Option<Binding>,
        version: Option<Version>,
    ) -> Result<Self, Failure> {
        let at = card
            .at
            .as_ref()
            .ok_or_else(|| Failure::new(Exit::Usage, "a card has a URL"))?;
        let interface = interface::choose(&card.value, at, binding, version).map_err(|why| {
            Failure::new(Exit::Wanting, why)
                .remedy("see `attache card show`; --no-card calls a URL without a card")
        })?;
        let origin = Origin::of(&interface.url);
        let credentials = http.credentials();
        if !credentials.are_none() && !credentials.may_go_to(&origin) {
            return Err(Failure::new(
                Exit::NoPermission,
                format!(
                    "the card at {} says that the agent is at {origin}, and the credentials are for \
                     {}: nothing was sent there",
                    shown(at),
                    credentials.origin()
                ),
            )
            .remedy(format!(
                "if that origin is to be trusted, add --also-for {origin}; where the card is wrong, \
                 --no-card calls the URL as it was given"
            )));
        }
        Ok(Self {
            http,
            interface,
            extensions: Vec::new(),
        })
    }

    pub(super) fn without_card(
        http: Http,
        url: Url,
        binding: Option<Binding>,
        version: Option<Version>,
    ) -> Self {
        let interface = Interface {
            url,
            binding: binding.unwrap_or(Binding::JsonRpc),
            version: version.unwrap_or(Version::V1_0),
            tenant: String::new(),
        };
        Self {
            http,
            interface,
            extensions: Vec::new(),
        }
    }

    pub(super) fn speak_as(&mut self, tenant: Option<&str>, extensions: &[String]) {
        if let Some(tenant) = tenant {
            tenant.clone_into(&mut self.interface.tenant);
        }
        self.extensions = extensions.to_vec();
    }

    /// A secret in a body, which no trace and no error may show.
    pub(crate) fn hide(&self, secret: &str) {
        self.http.credentials().hide(secret.to_owned());
    }

    /// Asks for one answer, as the server says it.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub(crate) async fn call(&self, operation: &Operation) -> Result<Value, CallError> {
        let request = words::request(operation, &self.interface, &self.extensions)?;
        let answer = self.http.whole(request).await?;
        self.result(&answer)
    }

    /// Asks for events. `after` is the number of the last one that is known.
    ///
    /// # Errors
    /// When the server refuses, or does not answer.
    pub(super) async fn stream(
        &self,
        operation: &Operation,
        after: Option<&str>,
    ) -> Result<Stream, CallError> {
        let mut request = words::request(operation, &self.interface, &self.extensions)?;
        if let Some(after) = after.and_then(|after| HeaderValue::from_str(after).ok()) {
            request.headers.insert(LAST_EVENT_ID, after);
        }
        let mut response = self.http.head(request.clone()).await?;
        // The proto of A2A says GET where its text says POST; a few servers know the former alone.
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && matches!(operation, Operation::SubscribeToTask { .. })
            && self.interface.binding == Binding::HttpJson
        {
            request.method = Method::GET;
            request.body = None;
            response = self.http.head(request).await?;
        }
        let is_stream = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.trim_start().starts_with("text/event-stream"));
        if response.status().is_success() && is_stream {
            return Ok(Stream::Events {
                response,
                parser: Parser::default(),
            });
        }
        // An error, or the one answer of a server that does not stream.
        let answer = self.http.read(response).await?;
        Ok(Stream::One(Some(self.result(&answer)?)))
    }

    /// The next event; none at the end of the stream.
    pub(super) async fn next(&self, stream: &mut Stream) -> Result<Option<Item>, StreamError> {
        let (response, parser) = match stream {
            Stream::One(value) => return Ok(value.take().map(|value| Item { id: None, value })),
            Stream::Events { response, parser } => (response, parser),
        };
        loop {
            if let Some(frame) = parser.next() {
                if let Some(item) = self.item(frame)? {
                    return Ok(Some(item));
                }
                continue;
            }
            match self
                .http
                .piece(response)
                .await
                .map_err(StreamError::Broken)?
            {
                None => return Ok(None),
                Some(piece) => parser
                    .feed(&piece)
                    .map_err(|why| StreamError::Failed(Failure::new(Exit::Data, why).into()))?,
            }
        }
    }

    fn item(&self, frame: Frame) -> Result<Option<Item>, StreamError> {
        if frame.data.trim().is_empty() {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(&frame.data).map_err(|why| {
            let failure = Failure::new(
                Exit::Data,
                format!("an event of the stream is not JSON: {why}"),
            );
            StreamError::Failed(failure.into())
        })?;
        let status = if frame.kind == "error" {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::OK
        };
        if let Some(refusal) = fault::of_json(&value, status) {
            return Err(StreamError::Failed(CallError::Refused(refusal)));
        }
        let value = match (self.interface.binding, value) {
            (Binding::JsonRpc, Value::Object(mut envelope)) if envelope.contains_key("result") => {
                envelope.remove("result").unwrap_or_default()
            }
            (_, value) => value,
        };
        Ok(Some(Item {
            id: frame.id,
            value,
        }))
    }

    /// What an answer holds when it is none of an error.
    fn result(&self, answer: &Whole) -> Result<Value, CallError> {
        let mask = |text: &str| self.http.credentials().mask(text);
        if !answer.status.is_success() {
            return Err(fault::of_answer(answer, mask));
        }
        if answer.body.trim_ascii().is_empty() {
            // Some answer a deletion with nothing.
            return Ok(Value::Null);
        }
        let value: Value = serde_json::from_slice(&answer.body).map_err(|_| {
            let place = shown(&answer.url);
            let kind = answer
                .headers
                .get(CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or("nothing that it names");
            Failure::new(
                Exit::Data,
                format!("{place} answers {kind:?}, which is not JSON"),
            )
            .remedy("check that the URL is the agent's; -v shows the answer")
        })?;
        if let Some(refusal) = fault::of_json(&value, answer.status) {
            return Err(CallError::Refused(refusal));
        }
        match (self.interface.binding, value) {
            (Binding::HttpJson, value) => Ok(value),
            (Binding::JsonRpc, Value::Object(mut envelope)) if envelope.contains_key("result") => {
                Ok(envelope.remove("result").unwrap_or_default())
            }
            // Some leave a result out that is nothing.
            (Binding::JsonRpc, Value::Object(envelope)) if envelope.contains_key("jsonrpc") => {
                Ok(Value::Null)
            }
            (Binding::JsonRpc, _) => Err(Failure::new(
                Exit::Data,
                format!("{} answers without a \"result\"", shown(&answer.url)),
            )
            .remedy("check --binding against `attache card show`; -v shows the answer")
            .into()),
        }
    }
}

/// Events on their way.
#[derive(Debug)]
pub(super) enum Stream {
    Events { response: Response, parser: Parser },
    One(Option<Value>),
}

/// One event, in the server's own words.
#[derive(Debug)]
pub(super) struct Item {
    /// Its number, where the server gives one.
    pub(super) id: Option<String>,
    pub(super) value: Value,
}

/// Why there is no next event.
#[derive(Debug)]
pub(super) enum StreamError {
    /// The connection is gone: the stream can be taken up again.
    Broken(String),
    /// The server ended it.
    Failed(CallError),
}
