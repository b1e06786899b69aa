//! Failures in the shape that Error Reporting groups: panics of the host, traps of components.
//!
//! Both carry where they happened, since a stripped binary or component leaves no stack that could be
//! read. The frames of a trap are written as `std::backtrace` writes them.

use std::backtrace::Backtrace;
use std::fmt::Write;
use std::panic::PanicHookInfo;

use tracing::{Span, error};
use wasmtime::{FrameInfo, WasmBacktrace};

use super::metrics::{self, ErrorKind};
use super::record::REPORT;
use super::redact::redact;

/// Frames of a trap that are shown.
const FRAMES: usize = 64;

/// Logs a panic of the host.
pub(super) fn panicked(panic: &PanicHookInfo<'_>) {
    let said = panic.to_string();
    let location = panic.location();
    let backtrace = Backtrace::force_capture();
    error!(
        target: REPORT,
        file = location.map(|location| location.file()),
        line = location.map(|location| location.line()),
        function = std::thread::current().name().unwrap_or("panic"),
        "{}\n{backtrace}",
        redact(&said)
    );
}

/// Logs that a component trapped while it did `what`, such as `in worker.run`, and counts it for the
/// request of the current span.
pub(crate) fn trapped(what: &str, trap: &wasmtime::Error) {
    metrics::error(ErrorKind::GuestTrap);
    let cause = trap.root_cause();
    let frames = trap.downcast_ref::<WasmBacktrace>();
    let frames = frames.map(WasmBacktrace::frames).unwrap_or_default();
    let mut stack = String::new();
    for (number, frame) in frames.iter().take(FRAMES).enumerate() {
        write_frame(&mut stack, number, frame);
    }
    let (function, file, line) = frames.first().map(place).unwrap_or_default();
    let said = format!("{cause}");
    Span::current().record("error", "the component trapped");
    error!(
        target: REPORT,
        file,
        line,
        function = function.as_deref().unwrap_or("component"),
        "the component trapped{}{what}: {}\nwasm backtrace:\n{stack}",
        if what.is_empty() { "" } else { " " },
        redact(&said)
    );
}

fn write_frame(stack: &mut String, number: usize, frame: &FrameInfo) {
    let symbols = frame.symbols();
    if symbols.is_empty() {
        let _ = writeln!(stack, "{number:>4}: {}", name(frame));
    }
    for symbol in symbols {
        let name = symbol.name().map_or_else(|| name(frame), str::to_owned);
        let _ = writeln!(stack, "{number:>4}: {name}");
        if let Some(file) = symbol.file() {
            let line = symbol.line().unwrap_or_default();
            let column = symbol.column().unwrap_or_default();
            let _ = writeln!(stack, "             at {file}:{line}:{column}");
        }
    }
}

/// A component without names has numbers.
fn name(frame: &FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => name.to_owned(),
        None => format!("<wasm function {}>", frame.func_index()),
    }
}

fn place(frame: &FrameInfo) -> (Option<String>, Option<&str>, Option<u32>) {
    let symbol = frame.symbols().first();
    let function = symbol.and_then(|symbol| symbol.name()).map(str::to_owned);
    (
        Some(function.unwrap_or_else(|| name(frame))),
        symbol.and_then(|symbol| symbol.file()),
        symbol.and_then(|symbol| symbol.line()),
    )
}
