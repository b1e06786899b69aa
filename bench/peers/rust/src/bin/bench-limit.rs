//! The limit: hyper, which parses the same request as an A2A server and answers with the same JSON,
//! and does nothing else. No task is stored.
//!
//!     bench-limit PORT

use std::convert::Infallible;
use std::io;
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use uuid::Uuid;

const CARD: &str = r#"{"name":"Echo","description":"Says what it was told.","version":"1.0.0","supportedInterfaces":[],"capabilities":{},"defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"skills":[]}"#;

#[derive(Deserialize)]
struct Call<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: &'a RawValue,
    method: &'a str,
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    message: Message,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    context_id: Option<String>,
    task_id: Option<String>,
    role: String,
    parts: Vec<Part>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Part {
    text: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    jsonrpc: &'a str,
    id: &'a RawValue,
    result: Outcome,
}

#[derive(Serialize)]
struct Outcome {
    task: Task,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    id: String,
    context_id: String,
    status: Status,
    artifacts: [Artifact; 1],
    history: [Message; 1],
}

#[derive(Serialize)]
struct Status {
    state: &'static str,
    timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    artifact_id: &'static str,
    parts: Vec<Part>,
}

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = if request.method() == Method::GET {
        (StatusCode::OK, Bytes::from_static(CARD.as_bytes()))
    } else {
        match answer(request).await {
            Some(body) => (StatusCode::OK, body),
            None => (StatusCode::BAD_REQUEST, Bytes::new()),
        }
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

async fn answer(request: Request<Incoming>) -> Option<Bytes> {
    let body = request.into_body().collect().await.ok()?.to_bytes();
    let call: Call<'_> = serde_json::from_slice(&body).ok()?;
    if call.method != "SendMessage" {
        return None;
    }
    let mut message = call.params.message;
    let (id, context_id) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    message.task_id = Some(id.clone());
    message.context_id = Some(context_id.clone());
    let now = humantime::format_rfc3339_millis(SystemTime::now());
    let answer = Answer {
        jsonrpc: call.jsonrpc,
        id: call.id,
        result: Outcome {
            task: Task {
                id,
                context_id,
                status: Status {
                    state: "TASK_STATE_COMPLETED",
                    timestamp: now.to_string(),
                },
                artifacts: [Artifact {
                    artifact_id: "echo",
                    parts: message.parts.clone(),
                }],
                history: [message],
            },
        },
    };
    serde_json::to_vec(&answer).ok().map(Bytes::from)
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let port: u16 = port.ok_or_else(|| io::Error::other("bench-limit PORT"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let connection = http1::Builder::new();
            // A client that goes away is no error.
            let _ = connection
                .serve_connection(TokioIo::new(stream), service_fn(serve))
                .await;
        });
    }
}
