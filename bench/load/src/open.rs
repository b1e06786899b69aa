//! Many streams that are open at the same time, and silent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::answer::{Events, holds};
use crate::call::message;
use crate::connection::Connection;
use crate::figures::{Figures, Seen};
use crate::milliseconds;

/// How many streams are being opened at the same time.
const OPENING: usize = 32;
/// How much longer than it was asked to a stream may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How it stands when all streams are open.
#[derive(Debug, Serialize)]
pub struct Opened {
    /// Streams whose task is being worked on.
    pub open: usize,
    /// Streams that could not be opened.
    pub errors: usize,
    /// After how long that was so.
    pub seconds: f64,
}

/// Opens streams to the bench's agent, each of which is held for this long; says so when all are open,
/// and returns when all have ended. Times are those to the first event.
pub async fn open(
    address: SocketAddr,
    streams: usize,
    hold: Duration,
    mut when_open: impl FnMut(Opened),
) -> Figures {
    let start = Instant::now();
    let gate = Arc::new(Semaphore::new(OPENING));
    let mut open = JoinSet::new();
    let mut opening = Vec::new();
    for number in 0..streams {
        let (is_open, opened) = oneshot::channel();
        opening.push(opened);
        let gate = gate.clone();
        open.spawn(async move {
            let held = held(address, number, hold, &gate, is_open);
            let held = timeout(hold + PATIENCE, held).await;
            held.unwrap_or_else(|_| Err("a stream does not end".to_owned()))
        });
    }
    let (mut good, mut bad) = (0, 0);
    for opened in opening {
        match opened.await {
            Ok(()) => good += 1,
            Err(_) => bad += 1,
        }
    }
    when_open(Opened {
        open: good,
        errors: bad,
        seconds: start.elapsed().as_secs_f64(),
    });
    let mut seen = Seen::default();
    while let Some(ended) = open.join_next().await {
        match ended.map_err(|ended| ended.to_string()).flatten() {
            Ok(first) => seen.milliseconds.push(milliseconds(first)),
            Err(error) => seen.errors.push(error),
        }
    }
    seen.in_time = seen.milliseconds.len() as u64;
    seen.figures(start.elapsed(), start.elapsed())
}

/// The time to the first event of a stream that was read to its end.
async fn held(
    address: SocketAddr,
    number: usize,
    hold: Duration,
    gate: &Semaphore,
    is_open: oneshot::Sender<()>,
) -> Result<Duration, String> {
    let opening = gate.acquire().await;
    let asked = Instant::now();
    let text = format!("hold {}", hold.as_secs());
    let id = format!("open-{}-{number}", std::process::id());
    let body = message("SendStreamingMessage", &id, &text);
    let mut connection = Connection::to(address);
    let mut events = Events::of(connection.stream(body).await?)?;
    let mut first = None;
    let mut last = None;
    while let Some(data) = events.next().await? {
        first.get_or_insert_with(|| asked.elapsed());
        if holds(&data, "TASK_STATE_WORKING") {
            break;
        }
        last = Some(data);
    }
    drop(opening);
    // Whoever waits for it is there until the end.
    let _ = is_open.send(());
    while let Some(data) = events.next().await? {
        last = Some(data);
    }
    let is_completed = last.is_some_and(|data| holds(&data, "TASK_STATE_COMPLETED"));
    match first {
        Some(first) if is_completed => Ok(first),
        _ => Err("a stream ended before its task was completed".to_owned()),
    }
}
