//! Many senders at once: `SendMessage` over JSON-RPC, each on a connection of its own that is kept
//! alive, each with one request under way.
//!
//! One thread does it all, with little to do for a request: next to a server that is measured on the
//! same machine, what the senders take is missing there.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A request without an answer after this is an error. The Python server gives up waiting for a
/// connection to its database after thirty seconds, and that answer shall be seen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a sender waits after an error, so that it does not count one fault a thousand times.
const PAUSE: Duration = Duration::from_millis(10);

type Connection = SendRequest<Full<Bytes>>;

/// What to send.
#[derive(Clone, Debug)]
pub struct Load {
    /// The server.
    pub address: SocketAddr,
    /// How many send at the same time.
    pub senders: usize,
    /// For how long they begin to send. What is under way then is still waited for.
    pub time: Duration,
    /// What the ids of the messages begin with: the kit's agent does what it says.
    pub prefix: String,
}

/// What became of it.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Completed tasks within the time.
    pub requests: u64,
    /// Everything else: no answer, another status than 200, another state than completed.
    pub errors: u64,
    /// The time.
    pub seconds: f64,
    /// Completed tasks per second.
    pub per_second: f64,
    /// Median of the milliseconds from a request to its answer.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// What the first error was.
    pub first_error: Option<String>,
    /// The ids of all completed tasks, also of those that came after the time.
    #[serde(skip)]
    pub tasks: Vec<String>,
}

/// What one sender saw.
#[derive(Default)]
struct Seen {
    milliseconds: Vec<f64>,
    in_time: u64,
    errors: Vec<String>,
    tasks: Vec<String>,
}

/// Sends, and returns when every sender has had its last answer.
pub async fn run(load: &Load) -> Figures {
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for sender in 0..load.senders {
        senders.spawn(send_on_and_on(load.clone(), sender, start));
    }
    let mut all = Seen::default();
    while let Some(seen) = senders.join_next().await {
        match seen {
            Ok(seen) => {
                all.milliseconds.extend(seen.milliseconds);
                all.in_time += seen.in_time;
                all.errors.extend(seen.errors);
                all.tasks.extend(seen.tasks);
            }
            Err(ended) => all.errors.push(format!("a sender ended: {ended}")),
        }
    }
    all.milliseconds.sort_unstable_by(f64::total_cmp);
    let percentile = |part: usize| {
        let last = all.milliseconds.len().saturating_sub(1);
        all.milliseconds.get(last * part / 100).copied()
    };
    let seconds = load.time.as_secs_f64();
    Figures {
        requests: all.in_time,
        errors: all.errors.len() as u64,
        seconds,
        per_second: all.in_time as f64 / seconds,
        p50: percentile(50).unwrap_or_default(),
        p95: percentile(95).unwrap_or_default(),
        p99: percentile(99).unwrap_or_default(),
        first_error: all.errors.into_iter().next(),
        tasks: all.tasks,
    }
}

async fn send_on_and_on(load: Load, sender: usize, start: Instant) -> Seen {
    let mut seen = Seen::default();
    let mut kept = None;
    for number in 0_u64.. {
        if start.elapsed() >= load.time {
            break;
        }
        let message_id = format!("{}-{}-{sender}-{number}", load.prefix, std::process::id());
        let asked = Instant::now();
        let answer = timeout(PATIENCE, send(&mut kept, load.address, &message_id)).await;
        match answer.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}"))) {
            Ok(task) => {
                seen.milliseconds
                    .push(asked.elapsed().as_secs_f64() * 1000.0);
                seen.in_time += u64::from(start.elapsed() <= load.time);
                seen.tasks.push(task);
            }
            Err(error) => {
                kept = None;
                seen.errors.push(error);
                sleep(PAUSE).await;
            }
        }
    }
    seen
}

/// Sends one message, and returns the id of its task when that is completed.
async fn send(
    kept: &mut Option<Connection>,
    address: SocketAddr,
    message_id: &str,
) -> Result<String, String> {
    let connection = match kept {
        Some(connection) if !connection.is_closed() => connection,
        _ => kept.insert(connect(address).await.map_err(|error| error.to_string())?),
    };
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{{"message":{{"messageId":"{message_id}","role":"ROLE_USER","parts":[{{"text":"hello"}}]}}}}}}"#
    );
    let request = Request::post("/")
        .header(header::HOST, address.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header("A2A-Version", "1.0")
        .body(Full::from(body))
        .map_err(|error| error.to_string())?;
    connection
        .ready()
        .await
        .map_err(|error| error.to_string())?;
    let answer = connection
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = answer.status();
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    completed(&body).ok_or_else(|| {
        let body = String::from_utf8_lossy(&body);
        let begin: String = body.chars().take(300).collect();
        format!("{status}: {begin}")
    })
}

/// The id of a completed task.
fn completed(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let task = answer.pointer("/result/task")?;
    let state = task.pointer("/status/state")?;
    let id = task.get("id")?.as_str()?;
    (state == "TASK_STATE_COMPLETED").then(|| id.to_owned())
}

async fn connect(address: SocketAddr) -> io::Result<Connection> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // Its errors are those of its requests.
    tokio::spawn(connection);
    Ok(sender)
}
