//! An MCP server that does what the official one does not.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What is special about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Answers with JSON.
    Json,
    /// A call is a stream with progress, questions, and a break after which it goes on.
    Stream,
    /// Lists its tools on three pages.
    Pages,
    /// Forgets its first session at the first call.
    LosesOnce,
    /// Forgets every session at each call.
    LosesAlways,
    /// Does not answer a call.
    Silent,
    Html,
    Huge,
    /// Ends a stream without the answer.
    Cut,
    Refuses,
    /// Answers with an error of JSON-RPC.
    Error,
    /// Speaks a revision that nobody knows.
    Future,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The method of JSON-RPC, `answer`, or that of HTTP.
    pub(crate) rpc: String,
    pub(crate) body: Value,
    headers: HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct Fake {
    way: Way,
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(crate) async fn start(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            way,
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                let answer = service_fn(move |request| fake.clone().answer(request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer),
                );
            }
        });
        fake
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map(|b| b.to_bytes())
            .unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let rpc = match (&body["method"], head.method.as_str()) {
            (Value::String(method), _) => method.clone(),
            (_, "POST") => "answer".to_owned(),
            (_, method) => method.to_owned(),
        };
        let seen = Seen {
            rpc: rpc.clone(),
            body: body.clone(),
            headers: head.headers,
        };
        let sessions = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.iter().filter(|seen| seen.rpc == "initialize").count()
        };
        let result = |result: Value| json!({"jsonrpc": "2.0", "id": body["id"], "result": result});
        let tool = |name: &str| json!({"name": name, "inputSchema": {"type": "object"}});
        Ok(match &*rpc {
            "initialize" => {
                let version = if self.way == Way::Future {
                    "2099-01-01"
                } else {
                    "2025-06-18"
                };
                let said = json!({"protocolVersion": version, "capabilities": {"tools": {}}});
                let mut response = json_body(&result(said));
                let session = format!("s{sessions}").parse().unwrap();
                response.headers_mut().insert("mcp-session-id", session);
                response
            }
            "tools/list" if self.way == Way::Pages => {
                let (name, next) = match body["params"]["cursor"].as_str() {
                    None => ("first", "1"),
                    Some("1") => ("second", "2"),
                    Some(_) => ("echo", ""),
                };
                let mut page = json!({"tools": [tool(name)]});
                if !next.is_empty() {
                    page["nextCursor"] = json!(next);
                }
                json_body(&result(page))
            }
            "tools/list" => json_body(&result(json!({"tools": [tool("echo")]}))),
            "tools/call" => {
                let text = &body["params"]["arguments"]["text"];
                let answer = result(json!({"content": [{"type": "text", "text": text}]}));
                self.call(&seen, sessions, &answer).await
            }
            "GET" => {
                let call = self.seen();
                let call = call.iter().find(|seen| seen.rpc == "tools/call").unwrap();
                let text = &call.body["params"]["arguments"]["text"];
                let result = json!({"content": [{"type": "text", "text": text}]});
                events(&[json!({"jsonrpc": "2.0", "id": call.body["id"], "result": result})])
            }
            _ => with(StatusCode::ACCEPTED, "text/plain", ""),
        })
    }

    async fn call(&self, seen: &Seen, sessions: usize, answer: &Value) -> Response<Full<Bytes>> {
        match self.way {
            Way::Json | Way::Pages | Way::Future => json_body(answer),
            Way::Stream => {
                let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress"});
                let ping = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
                let sample = json!({"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage"});
                let mut stream = ": hello\n\nid: e1\nretry: 10\ndata:\n\n".to_owned();
                for event in [progress, ping, sample] {
                    stream.push_str(&format!("event: message\ndata: {event}\n\n"));
                }
                with(StatusCode::OK, "text/event-stream", &stream)
            }
            Way::LosesOnce | Way::LosesAlways => {
                let lost = self.way == Way::LosesAlways || seen.header("mcp-session-id") == "s1";
                if lost && sessions > 0 {
                    return with(StatusCode::NOT_FOUND, "text/plain", "no such session");
                }
                json_body(answer)
            }
            Way::Silent => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                json_body(answer)
            }
            Way::Html => with(StatusCode::OK, "text/html", "<p>Hello"),
            Way::Huge => json_body(&json!({"x": "x".repeat(9 << 20)})),
            Way::Cut => with(StatusCode::OK, "text/event-stream", "data: {\"half\":"),
            Way::Refuses => with(StatusCode::UNAUTHORIZED, "text/plain", "no key"),
            Way::Error => {
                let error = json!({"code": -32602, "message": "no such thing"});
                json_body(&json!({"jsonrpc": "2.0", "id": answer["id"], "error": error}))
            }
        }
    }
}

fn json_body(body: &Value) -> Response<Full<Bytes>> {
    with(StatusCode::OK, "application/json", &body.to_string())
}

fn events(events: &[Value]) -> Response<Full<Bytes>> {
    let events: String = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    with(StatusCode::OK, "text/event-stream", &events)
}

fn with(status: StatusCode, media_type: &str, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_owned()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", media_type.parse().unwrap());
    response
}
