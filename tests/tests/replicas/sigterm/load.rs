//! Clients that use a host in every way until it is gone, and write down what came of each request.

use std::time::{Duration, Instant};

use attache_tests::a2a::{CallError, Client, Event, at_once, message};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Pieces of a task that takes longer than a host has to end: one every 200 ms.
const LONG: &str = "50";

/// A pause of those who do not wait.
const PAUSE: Duration = Duration::from_millis(700);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its client waits for a task that ends at once.
    Quick,
    /// Its client waits for a task of two seconds, which cannot be resumed.
    Slow,
    /// Its client waits for a long task.
    Long,
    /// A stream of two seconds, which cannot be resumed.
    SlowStream,
    /// A long stream.
    LongStream,
    /// A long task, for whose end nobody waits.
    Background,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Quick,
        Self::Slow,
        Self::Long,
        Self::SlowStream,
        Self::LongStream,
        Self::Background,
    ];

    /// How many pieces its task makes, if that is known.
    pub(super) fn pieces(self) -> Option<usize> {
        match self {
            Self::Quick => None,
            Self::Slow | Self::SlowStream => Some(10),
            Self::Long | Self::LongStream | Self::Background => LONG.parse().ok(),
        }
    }

    fn body(self, id: &str) -> Value {
        match self {
            Self::Quick => message(&format!("tck-artifact-data-{id}")),
            Self::Slow | Self::SlowStream => message(&format!("tck-slow-{id}")),
            Self::Long | Self::LongStream => text(message(&format!("tck-resume-{id}")), LONG),
            Self::Background => text(at_once(&format!("tck-resume-{id}")), LONG),
        }
    }

    /// How many clients do this at once.
    fn clients(self) -> usize {
        match self {
            Self::Quick | Self::Slow | Self::SlowStream => 3,
            Self::Long | Self::LongStream | Self::Background => 2,
        }
    }
}

/// What came of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Value),
    Refused(u16),
    /// The connection could not be had, or broke before there was an answer.
    Lost,
    /// The events of a stream, and whether its end came.
    Streamed(Vec<Event>, bool),
}

#[derive(Debug)]
pub(super) struct Done {
    pub(super) kind: Kind,
    pub(super) body: Value,
    pub(super) at: Instant,
    pub(super) outcome: Outcome,
}

pub(super) struct Load(JoinSet<Vec<Done>>);

impl Load {
    pub(super) fn start(url: &str) -> Self {
        let mut clients = JoinSet::new();
        for kind in Kind::ALL {
            for number in 0..kind.clients() {
                clients.spawn(again_and_again(Client::new(url), kind, number));
            }
        }
        Self(clients)
    }

    /// What came of everything. Every client has seen the host go.
    pub(super) async fn stop(mut self, signal: Instant) -> Vec<Done> {
        let mut all = Vec::new();
        while let Some(done) = self.0.join_next().await {
            all.extend(done.unwrap());
        }
        for kind in Kind::ALL {
            let under_way = all.iter().any(|sent| sent.kind == kind && sent.at < signal);
            assert!(under_way, "nobody has come to {kind:?}");
        }
        all
    }
}

/// Sends until the host refuses or is gone.
async fn again_and_again(client: Client, kind: Kind, number: usize) -> Vec<Done> {
    let mut all = Vec::new();
    for round in 0.. {
        let body = kind.body(&format!("{kind:?}-{number}-{round}"));
        let at = Instant::now();
        let outcome = match kind {
            Kind::SlowStream | Kind::LongStream => stream(&client, &body).await,
            _ => match client.send(&body).await {
                Ok(task) => Outcome::Answered(task),
                Err(error) => failed(&error),
            },
        };
        let goes_on = match &outcome {
            Outcome::Answered(_) => true,
            Outcome::Streamed(_, whole) => *whole,
            Outcome::Refused(_) | Outcome::Lost => false,
        };
        all.push(Done {
            kind,
            body,
            at,
            outcome,
        });
        if !goes_on {
            break;
        }
        if kind == Kind::Background {
            tokio::time::sleep(PAUSE).await;
        }
    }
    all
}

async fn stream(client: &Client, body: &Value) -> Outcome {
    let mut events = match client.stream("/message:stream", body, None).await {
        Ok(events) => events,
        Err(error) => return failed(&error),
    };
    let mut seen = Vec::new();
    loop {
        match events.next().await {
            Ok(Some(event)) => seen.push(event),
            Ok(None) => return Outcome::Streamed(seen, true),
            Err(CallError::Lost(_)) => return Outcome::Streamed(seen, false),
            Err(error) => return failed(&error),
        }
    }
}

fn failed(error: &CallError) -> Outcome {
    match error {
        CallError::Lost(_) => Outcome::Lost,
        CallError::Refused { status, .. } => Outcome::Refused(*status),
    }
}

/// The message with this text.
pub(super) fn text(mut body: Value, text: &str) -> Value {
    body["message"]["parts"] = json!([{ "text": text }]);
    body
}
