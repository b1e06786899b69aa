//! What a component prints and what Spin would log about it, kept for tests to look at.

use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Enough for any test, and a bound for a component that prints without end.
const CAPACITY: usize = 4 << 20;

/// Both streams of every request, and the harness's own lines, in the order of writing.
#[derive(Clone)]
pub(crate) struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    echo: bool,
}

impl Log {
    pub(crate) fn new(echo: bool) -> Self {
        Self {
            text: Arc::default(),
            echo,
        }
    }

    pub(crate) fn line(&self, line: std::fmt::Arguments<'_>) {
        self.append(format!("{line}\n").as_bytes());
    }

    pub(crate) fn text(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn append(&self, bytes: &[u8]) {
        if self.echo {
            // A closed stderr is no reason to fail a request.
            let _ = std::io::stderr().write_all(bytes);
        }
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let room = CAPACITY.saturating_sub(text.len());
        text.extend(bytes.iter().take(room));
    }
}

impl AsyncWrite for Log {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl IsTerminal for Log {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Log {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}
