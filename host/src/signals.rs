//! The signals that end the process, or have it look again.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{error, info};

/// How long the last word may take, should nobody read the log.
const LAST_WORD: Duration = Duration::from_millis(50);

/// SIGTERM and SIGINT, from the moment on that this value exists.
///
/// A thread of their own waits for them, so that a process in which nothing else moves any more (its
/// threads may all wait for somebody to read its log) still ends when it is told to.
#[derive(Debug)]
pub struct Signals(watch::Receiver<Option<Received>>);

/// SIGHUP, from the moment on that this value exists: the file of a component may be another one.
#[derive(Debug)]
pub struct Hangups(Signal);

impl Hangups {
    /// Takes the signal over, which would otherwise end the process.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next one. None when there cannot be any more.
    pub async fn recv(&mut self) -> Option<()> {
        self.0.recv().await
    }
}

impl Signals {
    /// Takes the signals over. After the first one the process has `patience` to end by itself; then
    /// it is ended as it is, and so it is by a second signal.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take(patience: Duration) -> io::Result<Self> {
        let (sender, received) = watch::channel(None);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let stops = {
            let _in_there = runtime.enter();
            Stops {
                term: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            }
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(stops.govern(&sender, patience)))?;
        Ok(Self(received))
    }

    /// Waits for the first signal and says what follows.
    pub async fn stop(mut self) -> Received {
        let signal = self.first().await;
        info!(
            "{}: running requests may finish; a second signal ends the process at once",
            signal.name
        );
        signal
    }

    /// Waits for the first signal.
    pub async fn first(&mut self) -> Received {
        let first = self.0.wait_for(Option::is_some).await;
        match first.ok().and_then(|first| *first) {
            Some(first) => first,
            // The thread that would say so ends with the process.
            None => std::future::pending().await,
        }
    }
}

struct Stops {
    term: Signal,
    interrupt: Signal,
}

impl Stops {
    async fn govern(mut self, sender: &watch::Sender<Option<Received>>, patience: Duration) {
        let first = self.next().await;
        sender.send_replace(Some(first));
        if let Ok(second) = timeout(patience, self.next()).await {
            second.exit();
        }
        thread::spawn(move || {
            error!("the process has not ended within {patience:?}, and is ended as it is");
        });
        thread::sleep(LAST_WORD);
        first.exit()
    }

    async fn next(&mut self) -> Received {
        let (name, number) = tokio::select! {
            _ = self.term.recv() => ("SIGTERM", 15),
            _ = self.interrupt.recv() => ("SIGINT", 2),
        };
        Received {
            name,
            number,
            at: Instant::now(),
        }
    }
}

/// A signal that came.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    name: &'static str,
    number: i32,
    /// When.
    pub at: Instant,
}

impl Received {
    /// Ends the process at once, with the status that shells give it: 128 and the signal's number.
    pub fn exit(self) -> ! {
        std::process::exit(128 + self.number)
    }
}
