use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::terminal::{Format, Terminal};

/// No more often than eyes see it.
const EVERY: Duration = Duration::from_millis(100);

/// How far a transfer is, in one line of standard error. Only a terminal shows it, and not with JSON. Cheap
/// to clone; clones share the line.
#[derive(Clone)]
pub(crate) struct Bar(Option<Arc<Line>>);

struct Line {
    verb: &'static str,
    shown: Mutex<Option<Instant>>,
}

impl Bar {
    /// `verb` says what is done, such as `pushing`.
    pub(crate) fn new(terminal: &Terminal, verb: &'static str) -> Self {
        let is_seen = std::io::stderr().is_terminal() && terminal.format() == Format::Text;
        Self(is_seen.then(|| {
            Arc::new(Line {
                verb,
                shown: Mutex::new(None),
            })
        }))
    }

    /// So many of so many bytes are done.
    pub(crate) fn tell(&self, done: u64, of: u64) {
        let Some(line) = &self.0 else {
            return;
        };
        let mut shown = line.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if done < of && shown.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        *shown = Some(Instant::now());
        let percent = (done * 100).checked_div(of).unwrap_or(100);
        let (done, of) = (megabytes(done), megabytes(of));
        let verb = line.verb;
        // \x1b[K ends the line after what is new.
        let _ = write!(
            std::io::stderr(),
            "\r{verb} {done} of {of} MB ({percent} %)\x1b[K"
        );
        let _ = std::io::stderr().flush();
    }

    /// Leaves nothing behind.
    pub(crate) fn end(&self) {
        if let Some(line) = &self.0 {
            let mut shown = line.shown.lock().unwrap_or_else(PoisonError::into_inner);
            if shown.take().is_some() {
                let _ = write!(std::io::stderr(), "\r\x1b[K");
            }
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10)
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").finish_non_exhaustive()
    }
}
