//! The signals that end the process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// SIGTERM and SIGINT, from the moment on that this value exists.
#[derive(Debug)]
pub struct Signals {
    term: Signal,
    interrupt: Signal,
}

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
    /// Takes the signals over.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take() -> io::Result<Self> {
        let term = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { term, interrupt })
    }

    /// Waits for the first signal, and from then on ends the process at the second.
    pub async fn stop(mut self) {
        let signal = self.next().await;
        info!(
            "{}: running requests may finish; a second signal ends the process at once",
            signal.name
        );
        tokio::spawn(async move { self.next().await.exit() });
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Received {
        tokio::select! {
            _ = self.term.recv() => Received { name: "SIGTERM", number: 15 },
            _ = self.interrupt.recv() => Received { name: "SIGINT", number: 2 },
        }
    }
}

/// A signal that came.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    name: &'static str,
    number: i32,
}

impl Received {
    /// Ends the process at once, with the status that shells give it: 128 and the signal's number.
    pub fn exit(self) -> ! {
        std::process::exit(128 + self.number)
    }
}
