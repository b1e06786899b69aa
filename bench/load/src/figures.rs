//! What became of a load.

use std::time::Duration;

use serde::Serialize;

/// What all senders saw.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Right answers within the time.
    pub requests: u64,
    /// Right answers, also those that came after the time.
    pub answers: u64,
    /// Everything else: no answer, another status than 200, another answer than what was asked for.
    pub errors: u64,
    /// The time.
    pub seconds: f64,
    /// The seconds until the last answer was there.
    pub elapsed: f64,
    /// Right answers per second.
    pub per_second: f64,
    /// Median of the milliseconds from a request to its answer.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// Median of the milliseconds to the first event of a stream.
    pub first_event_p50: Option<f64>,
    /// Its 99th percentile.
    pub first_event_p99: Option<f64>,
    /// What the first error was.
    pub first_error: Option<String>,
    /// The ids of all completed tasks, also of those that came after the time.
    #[serde(skip)]
    pub tasks: Vec<String>,
}

/// What one sender saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) milliseconds: Vec<f64>,
    pub(crate) first_events: Vec<f64>,
    pub(crate) in_time: u64,
    pub(crate) errors: Vec<String>,
    pub(crate) tasks: Vec<String>,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.milliseconds.extend(other.milliseconds);
        self.first_events.extend(other.first_events);
        self.in_time += other.in_time;
        self.errors.extend(other.errors);
        self.tasks.extend(other.tasks);
    }

    pub(crate) fn figures(mut self, time: Duration, elapsed: Duration) -> Figures {
        self.milliseconds.sort_unstable_by(f64::total_cmp);
        self.first_events.sort_unstable_by(f64::total_cmp);
        let seconds = time.as_secs_f64();
        let whole = |part| percentile(&self.milliseconds, part).unwrap_or_default();
        Figures {
            requests: self.in_time,
            answers: self.milliseconds.len() as u64,
            errors: self.errors.len() as u64,
            seconds,
            elapsed: elapsed.as_secs_f64(),
            per_second: self.in_time as f64 / seconds,
            p50: whole(50),
            p95: whole(95),
            p99: whole(99),
            first_event_p50: percentile(&self.first_events, 50),
            first_event_p99: percentile(&self.first_events, 99),
            first_error: self.errors.into_iter().next(),
            tasks: self.tasks,
        }
    }
}

/// Of figures that are in order.
fn percentile(figures: &[f64], part: usize) -> Option<f64> {
    let last = figures.len().saturating_sub(1);
    figures.get(last * part / 100).copied()
}
