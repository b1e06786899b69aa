//! Fakes of those who answer: the Gemini API and Vertex AI, and a server of OpenAI's wire, over real HTTP.
//!
//! A test says beforehand how each request will be answered, in order; requests are kept, and so is whether
//! a client hung up before its answer was over.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test ends where its fake fails"
)]

mod gemini;
mod openai;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The key that the Gemini API and OpenAI's wire take.
pub const KEY: &str = "AQ.a-key-of-the-test";
/// The signature that calls of tools come with, and have to go back with.
pub const SIGNATURE: &str = "c2lnbmF0dXJl";

/// A step of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// A piece of text.
    Text(&'static str),
    /// Tools are called, all in one chunk.
    Calls(Vec<(&'static str, Value)>),
    /// Nothing, for so long.
    Pause(Duration),
    /// Nothing, until [`Fake::open`].
    Gate,
    /// These bytes, as they are, and an end.
    Raw(&'static str),
    /// It ends for this reason, in the provider's word.
    Finish(&'static str),
    /// The prompt is blocked.
    Blocked,
    /// An error in the stream, with this status.
    Error(u16),
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// As a stream; it is finished well unless its last step ends it.
    Steps(Vec<Step>),
    /// As a stream of these chunks, which were recorded.
    Chunks(Vec<Value>),
    /// With an error, and how many seconds to wait before the next attempt.
    Status(u16, Option<u64>),
}

/// Text, in these pieces.
#[must_use]
pub fn text(pieces: &[&'static str]) -> Answer {
    Answer::Steps(pieces.iter().map(|piece| Step::Text(piece)).collect())
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path with its query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
}

/// Which wire a fake speaks.
#[derive(Clone, Copy, Debug)]
enum Wire {
    Gemini,
    OpenAi,
}

/// A server. Requests beyond its script are answered with a word.
#[derive(Clone, Debug)]
pub struct Fake {
    origin: String,
    wire: Wire,
    script: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    hung_up: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

impl Fake {
    /// The Gemini API and Vertex AI: which one is asked, the path says.
    pub async fn gemini(script: Vec<Answer>) -> Self {
        Self::start(Wire::Gemini, script).await
    }

    /// `chat/completions`, at `/v1`.
    pub async fn openai(script: Vec<Answer>) -> Self {
        Self::start(Wire::OpenAi, script).await
    }

    async fn start(wire: Wire, script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            wire,
            script: Arc::new(Mutex::new(script.into())),
            asked: Arc::default(),
            hung_up: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                let answer = service_fn(move |request| {
                    let fake = fake.clone();
                    async move { Ok::<_, Infallible>(fake.answer(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        fake
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many clients hung up before their answer was over.
    #[must_use]
    pub fn hung_up(&self) -> usize {
        self.hung_up.load(Ordering::SeqCst)
    }

    /// Lets one answer through its [`Step::Gate`].
    pub fn open(&self) {
        self.gate.add_permits(1);
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else {
            return respond(400, "text/plain", String::new(), None);
        };
        let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
        let path = head.uri.to_string();
        let refusal = match self.wire {
            Wire::Gemini => gemini::refusal(&path, &head.headers, &body),
            Wire::OpenAi => openai::refusal(&path, &head.headers),
        };
        self.asked.lock().unwrap().push(Asked {
            path: path.clone(),
            headers: head.headers,
            body: body.clone(),
        });
        let error = |status, message: &str, wait| {
            let body = match self.wire {
                Wire::Gemini => gemini::error(status, message, wait),
                Wire::OpenAi => openai::error(status, message),
            };
            respond(status, "application/json", body.to_string(), wait)
        };
        if let Some((status, message)) = refusal {
            return error(status, &message, None);
        }
        let answer = self.script.lock().unwrap().pop_front();
        let steps = match answer.unwrap_or_else(|| text(&["ok"])) {
            Answer::Status(status, wait) => return error(status, "as scripted", wait),
            Answer::Steps(steps) => steps,
            Answer::Chunks(chunks) => {
                let events = chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n"));
                return respond(200, "text/event-stream", events.collect(), None);
            }
        };
        let stream = match self.wire {
            Wire::Gemini => path.contains(":streamGenerateContent"),
            Wire::OpenAi => body.get("stream") == Some(&Value::Bool(true)),
        };
        if !stream {
            let whole = match self.wire {
                Wire::Gemini => gemini::whole(&steps),
                Wire::OpenAi => openai::whole(&steps),
            };
            return respond(200, "application/json", whole.to_string(), None);
        }
        self.stream(steps)
    }

    fn stream(&self, steps: Vec<Step>) -> Response<Body> {
        let wire = self.wire;
        let ends_itself = steps.last().is_some_and(|step| {
            matches!(
                step,
                Step::Raw(_) | Step::Finish(_) | Step::Blocked | Step::Error(_)
            )
        });
        let gate = self.gate.clone();
        let watch = Watch {
            hung_up: self.hung_up.clone(),
            over: false,
        };
        let mut steps: VecDeque<_> = steps.into();
        if !ends_itself {
            steps.push_back(Step::Finish(match wire {
                Wire::Gemini => "STOP",
                Wire::OpenAi => "stop",
            }));
        }
        let state = (steps, watch);
        let frames = futures_util::stream::unfold(state, move |(mut steps, mut watch)| {
            let gate = gate.clone();
            async move {
                loop {
                    let Some(step) = steps.pop_front() else {
                        watch.over = true;
                        drop(watch);
                        return None;
                    };
                    match &step {
                        Step::Pause(time) => tokio::time::sleep(*time).await,
                        Step::Gate => gate.acquire().await.unwrap().forget(),
                        step => {
                            let written = match wire {
                                Wire::Gemini => gemini::written(step),
                                Wire::OpenAi => openai::written(step),
                            };
                            let frame = Frame::data(Bytes::from(written));
                            return Some((Ok(frame), (steps, watch)));
                        }
                    }
                }
            }
        });
        let mut response = Response::new(StreamBody::new(frames.boxed()).boxed_unsync());
        let kind = "text/event-stream".parse().unwrap();
        response.headers_mut().insert("content-type", kind);
        response
    }
}

/// Counts an answer that is dropped before it is over.
struct Watch {
    hung_up: Arc<AtomicUsize>,
    over: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.over {
            self.hung_up.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn respond(status: u16, kind: &str, body: String, wait: Option<u64>) -> Response<Body> {
    let mut response = Response::new(Full::from(body).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let headers = response.headers_mut();
    headers.insert("content-type", kind.parse().unwrap());
    if let Some(seconds) = wait {
        headers.insert("retry-after", seconds.into());
    }
    response
}
