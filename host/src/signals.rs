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

    /// Waits for the first signal, and from then on ends the process at the second, with the status
    /// that shells give it: 128 and the signal's number.
    pub async fn stop(mut self) {
        let name = self.next().await.1;
        info!("{name}: running requests may finish; a second signal ends the process at once");
        tokio::spawn(async move {
            let (number, _) = self.next().await;
            std::process::exit(128 + number);
        });
    }

    async fn next(&mut self) -> (i32, &'static str) {
        tokio::select! {
            _ = self.term.recv() => (15, "SIGTERM"),
            _ = self.interrupt.recv() => (2, "SIGINT"),
        }
    }
}
