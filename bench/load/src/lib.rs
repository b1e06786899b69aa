//! Many senders at once: requests of A2A over JSON-RPC, each sender on a connection of its own that is
//! kept alive, with one request under way. Every answer is looked at: what is not what was asked for is
//! an error.
//!
//! One thread does it all, with little to do for a request: next to a server that is measured on the
//! same machine, what the senders take is missing there.

mod answer;
mod call;
mod connection;
mod figures;
mod open;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use call::Call;
pub use figures::Figures;
pub use open::{Opened, open};

use connection::Connection;
use figures::Seen;

/// A request without an answer after this is an error. The Python server gives up waiting for a
/// connection to its database after thirty seconds, and that answer shall be seen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a sender waits after an error, so that it does not count one fault a thousand times.
const PAUSE: Duration = Duration::from_millis(10);

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

/// Sends messages, and returns when every sender has had its last answer.
pub async fn run(load: &Load) -> Figures {
    run_calls(load, &[load.address], &Call::hello()).await
}

/// The same with any call, the senders spread over several servers.
pub async fn run_calls(load: &Load, servers: &[SocketAddr], call: &Call) -> Figures {
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for (sender, address) in (0..load.senders).zip(servers.iter().cycle()) {
        let load = Load {
            address: *address,
            ..load.clone()
        };
        senders.spawn(send_on_and_on(load, call.clone(), sender, start));
    }
    let mut all = Seen::default();
    while let Some(seen) = senders.join_next().await {
        match seen {
            Ok(seen) => all.add(seen),
            Err(ended) => all.errors.push(format!("a sender ended: {ended}")),
        }
    }
    all.figures(load.time, start.elapsed())
}

async fn send_on_and_on(load: Load, call: Call, sender: usize, start: Instant) -> Seen {
    let mut seen = Seen::default();
    let mut connection = Connection::to(load.address);
    for number in 0_usize.. {
        if start.elapsed() >= load.time {
            break;
        }
        let message_id = format!("{}-{}-{sender}-{number}", load.prefix, std::process::id());
        let asked = Instant::now();
        let answer = timeout(PATIENCE, call.ask(&mut connection, &message_id)).await;
        match answer.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}"))) {
            Ok(answer) => {
                seen.milliseconds.push(milliseconds(asked.elapsed()));
                if let Some(first) = answer.first_event {
                    seen.first_events.push(milliseconds(first - asked));
                }
                seen.in_time += u64::from(start.elapsed() <= load.time);
                seen.tasks.extend(answer.task);
            }
            Err(error) => {
                connection.close();
                seen.errors.push(error);
                sleep(PAUSE).await;
            }
        }
    }
    seen
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
