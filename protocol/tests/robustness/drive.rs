//! Feeds requests to a server in memory, and notices a panic and a standstill.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use attache_protocol::wire::{AgentCard, AgentSkill, Artifact};
use attache_protocol::{Agent, Answer, Body, Context, Failure, Outcome, Piece, Server};
use futures_util::StreamExt as _;
use http::{HeaderMap, Request, StatusCode};
use serde_json::json;
use tokio::time::timeout;

use crate::memory::{Memory, World};
use crate::surface;

/// The task that every world begins with: it waits for its client.
pub const TASK: &str = "01a0c450-6c02-7000-8000-000000000002";
/// No input may take longer; it is generous because the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(2);
/// Enough of a stream that never ends.
const PIECES: usize = 12;
/// A stream that is silent for this long waits for somebody else. Nobody waits for it here: the clock
/// goes on when nothing else does.
const SILENCE: Duration = Duration::from_secs(3600);

/// Keeps what it is sent, so that whatever was taken is stored and read again.
struct Echo;

impl Agent for Echo {
    fn card(&self) -> AgentCard {
        AgentCard::new("Echo", "Echoes.", "1.0.0").skill(AgentSkill::new(
            "echo",
            "Echo",
            "Echoes.",
            &["test"],
        ))
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        if context.text() == "ask" {
            return Ok(Outcome::input_required("what?"));
        }
        let parts = context.message().parts.clone();
        context.artifact(Artifact::new("echo", parts)).await;
        Ok(Outcome::completed())
    }
}

/// An answer, as far as it was read.
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
    pub streamed: bool,
}

/// A server and the runtime that it needs. Its clock stands still unless something waits for it.
pub struct Driver {
    runtime: tokio::runtime::Runtime,
    server: Server<Echo>,
    uses: u32,
}

impl Driver {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let mut driver = Self {
            runtime,
            server: fresh(),
            uses: 0,
        };
        driver.begin();
        driver
    }

    /// Answers, and never takes tasks along for long.
    pub fn answer(&mut self, request: Request<Vec<u8>>) -> Got {
        self.uses += 1;
        if self.uses.is_multiple_of(500) {
            self.server = fresh();
            self.begin();
        }
        let server = &self.server;
        self.runtime
            .block_on(async { read(server.handle(request).await).await })
    }

    fn begin(&mut self) {
        let message = json!({"messageId": "m0", "role": "ROLE_USER", "parts": [{"text": "ask"}]});
        let server = &self.server;
        let request = surface::call("SendMessage", &json!({ "message": message }));
        let got = self
            .runtime
            .block_on(async { read(server.handle(request).await).await });
        let body = String::from_utf8(got.body).unwrap();
        assert!(body.contains(TASK), "the first task has another id: {body}");
    }
}

fn fresh() -> Server<Echo> {
    Server::new(Echo, Memory::new(&Rc::new(World::default())))
}

async fn read(answer: Answer) -> Got {
    let (head, body) = answer.response.into_parts();
    let events = head.headers.get("content-type").map(|v| v.as_bytes());
    let streamed = matches!(body, Body::Stream(_)) || events == Some(b"text/event-stream");
    let work = async {
        if let Some(after) = answer.after {
            after.await;
        }
    };
    let mut trailers = HeaderMap::new();
    let reading = async {
        match body {
            Body::Full(bytes) => bytes,
            Body::Stream(pieces) => {
                let mut bytes = Vec::new();
                let mut pieces = pieces.take(PIECES);
                while let Ok(Some(piece)) = timeout(SILENCE, pieces.next()).await {
                    match piece {
                        Piece::Data(more) => bytes.extend(more),
                        Piece::Trailers(end) => trailers = end,
                    }
                }
                bytes
            }
        }
    };
    let ((), body) = futures_util::future::join(work, reading).await;
    Got {
        status: head.status,
        headers: head.headers,
        body,
        trailers,
        streamed,
    }
}

/// Ends the process with the input's name when one takes longer than the deadline. A test that
/// hangs would only be killed by the runner, without a word about the input.
#[derive(Clone, Default)]
pub struct Watchdog(Arc<Mutex<Option<(Instant, String)>>>);

impl Watchdog {
    /// Watches until `done` is set.
    pub fn start(done: &Arc<AtomicBool>) -> Self {
        let watchdog = Self::default();
        let (watched, done) = (watchdog.clone(), done.clone());
        thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                if let Some((since, what)) = &*watched.0.lock().unwrap()
                    && since.elapsed() > DEADLINE
                {
                    eprintln!("{what} takes longer than {DEADLINE:?}");
                    process::exit(1);
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        watchdog
    }

    /// Runs `f` and gives how long it took, or what it said when it panicked.
    pub fn watch<T>(
        &self,
        what: impl FnOnce() -> String,
        f: impl FnOnce() -> T,
    ) -> (Duration, Result<T, String>) {
        let since = Instant::now();
        *self.0.lock().unwrap() = Some((since, what()));
        let result = catch_unwind(AssertUnwindSafe(f));
        *self.0.lock().unwrap() = None;
        let result = result.map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
                .unwrap_or_else(|| "a panic without words".to_owned())
        });
        (since.elapsed(), result)
    }
}
