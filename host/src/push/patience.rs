use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// The longest that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);
/// Attempts for one event: more than an hour of its own waits, less than a day of asked-for ones.
const ATTEMPTS: u64 = 20;

/// How long to wait after the failure that follows `attempts` others; none to give up.
pub(super) fn wait(attempts: u64, asked: Option<Duration>) -> Option<Duration> {
    if attempts + 1 >= ATTEMPTS {
        return None;
    }
    let doubled = u32::try_from(attempts).unwrap_or(u32::MAX).min(16);
    let longest = FIRST.saturating_mul(1 << doubled).min(LONGEST);
    // Between half and all of it, so that what failed together does not come back together.
    let wait = longest.mul_f64(0.5 + chance() / 2.0);
    Some(wait.max(asked.unwrap_or_default().min(LONGEST_ASKED)))
}

/// From 0 to 1. The standard library seeds its hashers at random, which is random enough here.
fn chance() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes_and_end() {
        for (attempts, seconds) in [(0, 1), (1, 2), (4, 16), (8, 256), (9, 300), (18, 300)] {
            let wait = wait(attempts, None).unwrap();
            let longest = Duration::from_secs(seconds);
            assert!(
                wait >= longest / 2 && wait <= longest,
                "{attempts}: {wait:?}"
            );
        }
        assert_eq!(wait(19, None), None);
        assert_eq!(wait(u64::MAX - 1, None), None);
    }

    #[test]
    fn a_receiver_is_heard_within_reason() {
        let asked = |seconds| wait(0, Some(Duration::from_secs(seconds))).unwrap();
        assert_eq!(asked(30), Duration::from_secs(30));
        assert_eq!(asked(u64::MAX), LONGEST_ASKED);
        assert!(asked(0) >= FIRST / 2);
    }
}
