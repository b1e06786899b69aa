//! One request and its answer, over a connection of its own.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, Request as HttpRequest, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::case::Request;

/// No case waits for anything that takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn is_stream(&self) -> bool {
        self.headers
            .get("content-type")
            .is_some_and(|v| v.as_bytes().starts_with(b"text/event-stream"))
    }

    /// The JSON of the body; of a stream, that of its first event.
    fn json(&self) -> Option<Value> {
        if self.is_stream() {
            let text = std::str::from_utf8(&self.body).ok()?;
            let data = text.lines().find_map(|l| l.strip_prefix("data: "))?;
            return serde_json::from_str(data).ok();
        }
        serde_json::from_slice(&self.body).ok()
    }

    /// The text at a JSON pointer, or the value of a header after `header:`.
    pub(super) fn capture(&self, pointer: &str) -> Option<String> {
        if let Some(name) = pointer.strip_prefix("header:") {
            let value = self.headers.get(name)?.to_str().ok()?;
            return Some(value.to_owned());
        }
        match self.json()?.pointer(pointer)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// Sends a request and reads the answer, to its end or as many events as are asked for.
pub(super) async fn exchange(base: &str, request: &Request) -> Result<Answer, String> {
    if request.rest_of.is_some() {
        return Err("only a call of gRPC can be read on; another step can subscribe".to_owned());
    }
    let (method, target) = request
        .line
        .split_once(' ')
        .ok_or_else(|| format!("{:?} is no `METHOD target`", request.line))?;
    let run = async {
        let authority = base.strip_prefix("http://").unwrap_or(base);
        let connection = TcpStream::connect(authority).await.map_err(text)?;
        let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(connection))
            .await
            .map_err(text)?;
        let driver = tokio::spawn(driver);
        let mut http = HttpRequest::builder()
            .method(method)
            .uri(target)
            .header(CONTENT_LENGTH, request.body.len());
        if !request
            .headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case("host"))
        {
            http = http.header(HOST, authority);
        }
        for (name, value) in &request.headers {
            http = http.header(name, value);
        }
        let body = Full::new(Bytes::from(request.body.clone()));
        let answer = sender
            .send_request(http.body(body).map_err(text)?)
            .await
            .map_err(text)?;
        let (head, body) = answer.into_parts();
        let body = read(body, request.events).await?;
        driver.abort();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    };
    timeout(PATIENCE, run)
        .await
        .map_err(|_| format!("no whole answer within {PATIENCE:?}"))?
}

async fn read(mut body: Incoming, events: Option<usize>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(text)?.into_data() {
            bytes.extend_from_slice(&data);
        }
        if events.is_some_and(|most| count(&bytes) >= most) {
            break;
        }
    }
    Ok(bytes)
}

/// How many events have arrived whole.
fn count(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole.split("\n\n").filter(|e| e.contains("data: ")).count()
}

fn text(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
