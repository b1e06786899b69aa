//! How often an operation runs again, and when.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Fault, Remedy};

/// How long connections are tried for, after the first that failed: longer than a server needs to
/// restart or a pooler to find another, and short enough for somebody who waits for an answer.
const RECONNECTING: Duration = Duration::from_secs(4);
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(1);
/// Conflicts with other transactions. Each means that another one got through.
const REPEATS: u32 = 40;
/// The delays after a conflict grow to this.
const LONGEST_REPEAT_DELAY: Duration = Duration::from_millis(100);

/// What one operation has endured so far.
#[derive(Debug)]
pub(super) struct Patience {
    /// How long connections are tried for.
    reconnecting: Duration,
    first_failure: Option<Instant>,
    delay: Option<Duration>,
    repeats: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self::of(RECONNECTING)
    }
}

impl Patience {
    /// Tries connections for as long as this.
    pub(super) fn of(reconnecting: Duration) -> Self {
        Self {
            reconnecting,
            first_failure: None,
            delay: None,
            repeats: 0,
        }
    }

    /// Waits until it is time to try again. False when that is pointless by now.
    pub(super) async fn allows(&mut self, fault: &Fault) -> bool {
        let longest = match fault.remedy {
            Remedy::Report => return false,
            Remedy::Reconnect => {
                let now = Instant::now();
                let delay = self.delay.map_or(FIRST_DELAY, |delay| delay * 2);
                self.delay = Some(delay.min(LONGEST_DELAY));
                let deadline = *self.first_failure.get_or_insert(now) + self.reconnecting;
                if now + delay.min(LONGEST_DELAY) > deadline {
                    return false;
                }
                delay.min(LONGEST_DELAY)
            }
            Remedy::Repeat => {
                self.repeats += 1;
                if self.repeats > REPEATS {
                    return false;
                }
                Duration::from_millis(1 << self.repeats.min(10)).min(LONGEST_REPEAT_DELAY)
            }
        };
        sleep(jittered(longest)).await;
        true
    }
}

/// Between half of it and all of it, so that those who failed together do not return together.
pub(super) fn jittered(delay: Duration) -> Duration {
    delay.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Delays without an end, for whoever has to have a connection.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    delay: Option<Duration>,
}

impl Backoff {
    /// Waits, longer each time.
    pub(super) async fn wait(&mut self) {
        let delay = self
            .delay
            .map_or(FIRST_DELAY, |delay| (delay * 2).min(LONGEST_DELAY));
        self.delay = Some(delay);
        sleep(jittered(delay)).await;
    }

    /// It worked: the next wait is short.
    pub(super) fn reset(&mut self) {
        self.delay = None;
    }
}
