//! The time between the signal and the end of the process.
//!
//! Whoever stops a process kills it soon after: Cloud Run after ten seconds. What the process still
//! has to do then (responses, leases, webhooks, telemetry) is only done if each part has a share of
//! the time that no other part can take. Running requests get the most; the shares of all that
//! follows are cut from the last second or so. Should the shares not hold, because something blocks
//! that must not, [`Signals`](crate::signals::Signals) ends the process all the same.

use std::time::{Duration, Instant};

/// What follows the requests gets a fifth of the time, within these bounds.
const CLOSING: u32 = 5;
const SHORTEST_CLOSING: Duration = Duration::from_millis(500);
const LONGEST_CLOSING: Duration = Duration::from_millis(1_500);
/// Kept free at the very end, for the exit itself.
const SPARE: Duration = Duration::from_millis(100);

/// What has to be done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Running requests finish.
    Requests,
    /// Those that did not are dropped.
    CuttingOff,
    /// The last responses leave, and the tasks of dropped runs are given away.
    Settling,
    /// Webhooks hear of what happened last.
    Webhooks,
    /// The task log is closed.
    Database,
    /// Telemetry that was not sent yet is sent.
    Telemetry,
}

/// The time that is left, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    began: Instant,
    /// Without what is spare.
    whole: Duration,
}

impl Ending {
    /// How long the process may take when it was given `drain`. Nothing could be settled in less
    /// than half a second.
    pub fn longest(drain: Duration) -> Duration {
        drain.max(SHORTEST_CLOSING)
    }

    /// An end that began with a signal at `began` and is over within [`Ending::longest`].
    pub fn new(drain: Duration, began: Instant) -> Self {
        Self {
            began,
            whole: Self::longest(drain).saturating_sub(SPARE),
        }
    }

    /// How much of its time a part has left. What one part does not need, the next one has.
    pub fn left_for(&self, part: Part) -> Duration {
        self.end_of(part).saturating_sub(self.began.elapsed())
    }

    /// When a part is over, from the beginning.
    fn end_of(&self, part: Part) -> Duration {
        let closing = (self.whole / CLOSING).clamp(
            SHORTEST_CLOSING.min(self.whole),
            LONGEST_CLOSING.min(self.whole),
        );
        let fifths = match part {
            Part::Requests => 0,
            Part::CuttingOff => 1,
            Part::Settling => 2,
            Part::Webhooks => 3,
            Part::Database => 4,
            Part::Telemetry => 5,
        };
        self.whole.saturating_sub(closing) + closing * fifths / 5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [Part; 6] = [
        Part::Requests,
        Part::CuttingOff,
        Part::Settling,
        Part::Webhooks,
        Part::Database,
        Part::Telemetry,
    ];

    #[test]
    fn every_part_has_a_share_and_all_of_them_fit() {
        for whole in [0, 100, 500, 1_000, 3_000, 8_000, 60_000] {
            let ending = Ending::new(Duration::from_millis(whole), Instant::now());
            let ends: Vec<_> = PARTS.iter().map(|part| ending.end_of(*part)).collect();
            for pair in ends.windows(2) {
                let share = pair[1] - pair[0];
                assert!(share >= Duration::from_millis(80), "{whole} ms: {ends:?}");
            }
            let most = Duration::from_millis(whole.max(500)) - SPARE;
            assert!(ends[5] <= most, "{whole} ms: {ends:?}");
        }
    }

    #[test]
    fn requests_have_most_of_the_time() {
        let eight = Ending::new(Duration::from_secs(8), Instant::now());
        assert!(eight.left_for(Part::Requests) > Duration::from_secs(6));
        let sixty = Ending::new(Duration::from_secs(60), Instant::now());
        assert!(sixty.left_for(Part::Requests) > Duration::from_secs(58));
    }
}
