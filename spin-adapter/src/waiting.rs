//! Time, and waiting by asking again.

use std::cell::RefCell;

use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::io::poll::Pollable;

const MILLISECOND: u64 = 1_000_000;

/// The first wait for something that has not happened yet, in milliseconds.
const FIRST: u64 = 10;
/// The longest wait, and so the longest that an event goes unnoticed, in milliseconds. Ten reads a
/// second for every waiting stream is what a laptop's SQLite answers without being noticed.
pub(crate) const LONGEST: u64 = 100;

/// Milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    let now = wall_clock::now();
    now.seconds
        .saturating_mul(1_000)
        .saturating_add(u64::from(now.nanoseconds) / MILLISECOND)
}

/// Milliseconds since some moment in the life of this instance. Never goes back.
pub(crate) fn elapsed() -> u64 {
    monotonic_clock::now() / MILLISECOND
}

/// Ready after so many milliseconds.
pub(crate) fn pause(milliseconds: u64) -> Pollable {
    monotonic_clock::subscribe_duration(milliseconds.saturating_mul(MILLISECOND))
}

/// How long to wait for the next event of each task that is watched: longer each time while nothing
/// happens, and short again after something did.
#[derive(Debug, Default)]
pub(crate) struct Watched(RefCell<Vec<Watch>>);

#[derive(Debug)]
struct Watch {
    task: String,
    after: u64,
    next: u64,
}

/// More tasks than one request ever watches at the same time; the oldest is then forgotten, which
/// makes its next wait short and costs one more read.
const MOST: usize = 64;

impl Watched {
    /// True when the task was watched before.
    pub(crate) fn knows(&self, task: &str) -> bool {
        self.0.borrow().iter().any(|watch| watch.task == task)
    }

    /// The milliseconds to wait for an event of `task` after number `after`.
    pub(crate) fn wait(&self, task: &str, after: u64) -> u64 {
        let mut watches = self.0.borrow_mut();
        if let Some(watch) = watches.iter_mut().find(|watch| watch.task == task) {
            if watch.after != after {
                watch.after = after;
                watch.next = FIRST;
            }
            let wait = watch.next;
            watch.next = (wait * 2).min(LONGEST);
            return wait;
        }
        if watches.len() == MOST {
            watches.remove(0);
        }
        watches.push(Watch {
            task: task.to_owned(),
            after,
            next: FIRST * 2,
        });
        FIRST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_shrink_after_an_event() {
        let watched = Watched::default();
        assert!(!watched.knows("a"));
        let waits: Vec<u64> = (0..6).map(|_| watched.wait("a", 3)).collect();
        assert_eq!(waits, [10, 20, 40, 80, 100, 100]);
        assert_eq!(watched.wait("b", 3), 10);
        assert_eq!(watched.wait("a", 4), 10);
        assert!(watched.knows("a"));
    }

    #[test]
    fn no_more_tasks_are_remembered_than_the_bound() {
        let watched = Watched::default();
        for task in 0..2 * MOST {
            watched.wait(&task.to_string(), 0);
        }
        assert_eq!(watched.0.borrow().len(), MOST);
        assert!(!watched.knows("0"));
    }
}
