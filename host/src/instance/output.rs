use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tracing::{Span, warn};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::config::shown_size;
use crate::telemetry::{Limit, guest_line};

/// A longer line is logged in pieces.
const LONGEST_LINE: usize = 8 << 10;
/// What the component may hand over at once.
const PERMIT: usize = 64 << 10;

/// What a component prints: each line becomes a log entry of its request.
#[derive(Debug, Clone)]
pub(super) struct Output(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    stream: &'static str,
    span: Span,
    line: Vec<u8>,
    allowance: Allowance,
}

/// What one instance may print, on all its streams together; the rest is dropped.
#[derive(Debug, Clone)]
pub(super) struct Allowance {
    most: usize,
    left: Arc<AtomicUsize>,
}

impl Allowance {
    pub(super) fn new(most: usize) -> Self {
        let left = Arc::new(AtomicUsize::new(most));
        Self { most, left }
    }

    fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// How many of `bytes` may still be printed. An instance does one thing at a time.
    fn take(&self, bytes: usize) -> usize {
        let left = self.left.load(Ordering::Relaxed);
        let taken = bytes.min(left);
        self.left.store(left - taken, Ordering::Relaxed);
        taken
    }
}

impl Output {
    pub(super) fn new(stream: &'static str, span: Span, allowance: Allowance) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            stream,
            span,
            line: Vec::new(),
            allowance,
        })))
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn print(&mut self, bytes: &[u8]) {
        if self.allowance.is_spent() {
            return;
        }
        let (taken, _) = bytes.split_at(self.allowance.take(bytes.len()));
        for piece in taken.split_inclusive(|byte| *byte == b'\n') {
            for piece in piece.chunks(LONGEST_LINE) {
                if self.line.len() + piece.len() > LONGEST_LINE {
                    self.log();
                }
                self.line.extend_from_slice(piece);
            }
            if self.line.ends_with(b"\n") {
                self.log();
            }
        }
        if self.allowance.is_spent() {
            self.log();
            Limit::Logs.hit();
            warn!(
                parent: &self.span,
                "the component printed {} in one request, and the rest is dropped; \
                 ATTACHE_MAX_LOG (--max-log) sets this limit",
                shown_size(self.allowance.most as u64)
            );
        }
    }

    fn log(&mut self) {
        let line = mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if !line.is_empty() {
            guest_line(&self.span, self.stream, line);
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.log();
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.lines().print(&bytes);
        Ok(())
    }

    /// A flush does not end a line: standard libraries flush in the middle of one.
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lines().print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
