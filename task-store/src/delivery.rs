//! What becomes of an event that was posted to a webhook: the rules, for whoever posts.
//!
//! An answer is judged ([`Outcome`]), and then it is decided whether the webhook goes on, waits, or is
//! never sent the event ([`Patience::settle`]). Nothing here posts, knows the time or throws dice: so
//! the host and the Spin adapter keep the same promises, and a test can ask for any of them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Delivery;

/// The first wait after a failure, and the longest, in milliseconds.
const FIRST_WAIT: u64 = 1_000;
const LONGEST_WAIT: u64 = 300_000;
/// The longest that a receiver may ask for, in milliseconds.
const LONGEST_ASKED: u64 = 3_600_000;

/// What became of one notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// The receiver does not want this one: the next may be another matter.
    Rejected(String),
    /// Nothing may or can be sent to this address.
    Impossible(String),
    /// It may work later.
    Failed {
        /// What went wrong.
        why: String,
        /// How long the receiver asked to be left alone, in milliseconds.
        retry_after: Option<u64>,
    },
}

impl Outcome {
    /// A failure of which no receiver said when to come again.
    #[must_use]
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed {
            why: why.into(),
            retry_after: None,
        }
    }

    /// What an answer means. `retry_after` is the value of that header, `now` the time in
    /// milliseconds since the epoch.
    #[must_use]
    pub fn of_answer(status: u16, retry_after: Option<&str>, now: u64) -> Self {
        let why = format!("the answer was {status}");
        match status {
            200..=299 => Self::Delivered,
            408 | 429 | 500..=599 => Self::Failed {
                why,
                retry_after: retry_after.and_then(|value| asked_for(value, now)),
            },
            _ => Self::Rejected(why),
        }
    }
}

/// A `Retry-After`: seconds, or a date.
fn asked_for(value: &str, now: u64) -> Option<u64> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let now = UNIX_EPOCH.checked_add(Duration::from_millis(now))?;
    let wait = SystemTime::duration_since(&date, now).ok()?;
    u64::try_from(wait.as_millis()).ok()
}

/// How long an event is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Most attempts for one event.
    pub attempts: u64,
    /// How old an event may grow while it is tried, in milliseconds. Its age counts from when its
    /// webhook had everything before it.
    pub age_ms: u64,
}

impl Default for Patience {
    /// Twenty attempts, and a day: more than an hour of waits that nobody asked for.
    fn default() -> Self {
        Self {
            attempts: 20,
            age_ms: 86_400_000,
        }
    }
}

/// An event that was posted.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Its number.
    pub number: u64,
    /// The last event that a success tells of: `number`, unless the body showed more.
    pub told: u64,
    /// The newest event that the webhook is known to be owed.
    pub newest: u64,
    /// How often the event was tried before.
    pub earlier: u64,
    /// When it became the next one, in milliseconds since the epoch; 0 when that is not known.
    pub since: u64,
}

impl Attempt {
    /// The attempt at the event that a claim came with.
    #[must_use]
    pub fn first_of(delivery: &Delivery) -> Self {
        let number = delivery.event.number;
        Self {
            number,
            told: number,
            newest: delivery.newest.max(number),
            earlier: delivery.attempts,
            since: delivery.since,
        }
    }

    /// The attempt at the event after this one, which is next from `now` on.
    #[must_use]
    pub fn next(self, number: u64, now: u64) -> Self {
        Self {
            number,
            told: number,
            newest: self.newest.max(number),
            earlier: 0,
            since: now,
        }
    }
}

/// What to write into the outbox after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The webhook has its events up to this one ([`crate::Delivered`]).
    Delivered {
        /// The number of the last of them.
        through: u64,
    },
    /// It is not sent its events up to this one ([`crate::DeliveryDropped`]).
    Dropped {
        /// The number of the last of them.
        through: u64,
        /// Why, for whoever repairs the receiver.
        reason: String,
    },
    /// The event waits ([`crate::DeliveryFailed`]).
    Failed {
        /// For how long, in milliseconds.
        wait: u64,
        /// What went wrong.
        why: String,
    },
}

impl Patience {
    /// What an outcome settles. `chance` is a random number from 0 to 1, so that what failed
    /// together does not come back together.
    #[must_use]
    pub fn settle(&self, outcome: Outcome, attempt: &Attempt, now: u64, chance: f64) -> Settlement {
        match outcome {
            Outcome::Delivered => Settlement::Delivered {
                through: attempt.told,
            },
            Outcome::Rejected(reason) => Settlement::Dropped {
                through: attempt.number,
                reason,
            },
            // What follows was not tried; but where this is impossible, so is that.
            Outcome::Impossible(reason) => Settlement::Dropped {
                through: attempt.newest,
                reason,
            },
            Outcome::Failed { why, retry_after } => {
                let attempts = attempt.earlier.saturating_add(1);
                let age = match attempt.since {
                    0 => 0,
                    since => now.saturating_sub(since),
                };
                if attempts >= self.attempts || age >= self.age_ms {
                    let seconds = age / 1_000;
                    return Settlement::Dropped {
                        through: attempt.newest,
                        reason: format!("{why} (attempt {attempts}, after {seconds} s)"),
                    };
                }
                let wait = pause(attempt.earlier, retry_after, chance);
                Settlement::Failed { wait, why }
            }
        }
    }
}

/// The wait after a failure that follows `earlier` others: it doubles, and is between half and all
/// of that; or longer where the receiver asked for it.
fn pause(earlier: u64, asked: Option<u64>, chance: f64) -> u64 {
    let doubled = u32::try_from(earlier).unwrap_or(u32::MAX).min(16);
    let longest = FIRST_WAIT.saturating_mul(1 << doubled).min(LONGEST_WAIT);
    let longest = Duration::from_millis(longest);
    let wait = longest.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
    let wait = u64::try_from(wait.as_millis()).unwrap_or(LONGEST_WAIT);
    wait.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests;
