//! The two bindings over HTTP: how an operation is asked for, and what an answer says.

mod error;
mod operation;
mod reply;
mod stream;

use std::time::Duration;

use clap::ValueEnum;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) use error::{Expected, Fault};
pub(crate) use operation::Operation;
pub(crate) use reply::Reply;
pub(crate) use stream::Streamed;

use super::verdict::{Ended, wrong};

/// The largest answer that is read.
const LARGEST: usize = 16 << 20;

/// How operations are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Binding {
    /// JSON-RPC 2.0.
    #[value(name = "jsonrpc")]
    JsonRpc,
    /// HTTP+JSON, also called REST.
    #[value(name = "http-json", alias = "rest")]
    HttpJson,
}

impl Binding {
    /// As a card has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::JsonRpc => "JSONRPC",
            Self::HttpJson => "HTTP+JSON",
        }
    }
}

/// One interface of an agent.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    /// How it speaks.
    pub(crate) binding: Binding,
    url: String,
    http: reqwest::Client,
    headers: HeaderMap,
    patience: Duration,
}

impl Wire {
    /// An interface at `url`, which is sent `headers`.
    pub(crate) fn new(
        binding: Binding,
        url: &str,
        http: reqwest::Client,
        headers: HeaderMap,
        patience: Duration,
    ) -> Self {
        Self {
            binding,
            url: url.to_owned(),
            http,
            headers,
            patience,
        }
    }

    /// The same without this header, or with another value of it.
    #[must_use]
    pub(crate) fn with_header(&self, name: &'static str, value: Option<&'static str>) -> Self {
        let mut other = self.clone();
        other.headers.remove(name);
        if let Some(value) = value {
            other.headers.insert(name, HeaderValue::from_static(value));
        }
        other
    }

    /// Asks, and reads the whole answer.
    pub(crate) async fn call(&self, operation: &Operation<'_>) -> Result<Reply, Ended> {
        self.read(self.request(operation)).await
    }

    /// Asks for a stream, and reads it to its end, or until `most` events or the time-out.
    pub(crate) async fn stream(
        &self,
        operation: &Operation<'_>,
        most: usize,
    ) -> Result<Streamed, Ended> {
        let request = self
            .request(operation)
            .header("accept", "text/event-stream");
        let response = request.send().await.map_err(unanswered)?;
        Streamed::read(self.binding, response, most, self.patience).await
    }

    /// Sends this to the interface itself, whatever it is, with POST.
    pub(crate) async fn post(
        &self,
        path: &str,
        media_type: &'static str,
        body: impl Into<reqwest::Body>,
    ) -> Result<Reply, Ended> {
        let request = self.to(Method::POST, path);
        self.read(request.header(CONTENT_TYPE, media_type).body(body))
            .await
    }

    /// Asks for a path with GET.
    pub(crate) async fn get(&self, path: &str) -> Result<Reply, Ended> {
        self.read(self.to(Method::GET, path)).await
    }

    fn to(&self, method: Method, path: &str) -> RequestBuilder {
        let url = match path {
            "" => self.url.clone(),
            path => format!("{}{path}", self.url.trim_end_matches('/')),
        };
        self.http
            .request(method, url)
            .headers(self.headers.clone())
            .timeout(self.patience)
    }

    fn request(&self, operation: &Operation<'_>) -> RequestBuilder {
        match self.binding {
            Binding::JsonRpc => {
                let (method, params) = operation.for_json_rpc();
                let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
                self.to(Method::POST, "").json(&body)
            }
            Binding::HttpJson => {
                let (method, path, body) = operation.for_http_json();
                let request = self.to(method.clone(), &path);
                match body {
                    Some(body) => request.json(&body),
                    None if method == Method::POST => {
                        request.json(&Value::Object(Default::default()))
                    }
                    None => request,
                }
            }
        }
    }

    async fn read(&self, request: RequestBuilder) -> Result<Reply, Ended> {
        let mut response = request.send().await.map_err(unanswered)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(unanswered)? {
            body.extend_from_slice(&piece);
            if body.len() > LARGEST {
                return wrong(format!("an answer of more than {LARGEST} bytes"));
            }
        }
        Ok(Reply::new(self.binding, status, headers, body))
    }
}

fn unanswered(error: reqwest::Error) -> Ended {
    Ended::Wrong(if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        let cause = std::error::Error::source(&error);
        let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
        format!("no answer: {}{cause}", error.without_url())
    })
}
