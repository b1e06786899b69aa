//! When to ask again, and when not: as Google's own clients do.

use std::time::Duration;

/// How often is asked, the first time included.
pub(super) const ATTEMPTS: u32 = 5;
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Spreads those that failed at the same time.
const JITTER: Duration = Duration::from_secs(1);

/// Whether a request with this status may be sent again.
pub(super) fn may_help(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// How long to wait after so many attempts. `asked` is what the other side asks for, `chance` from 0 to 1.
pub(super) fn delay(attempts: u32, asked: Option<Duration>, chance: f64) -> Duration {
    let doubled = FIRST.saturating_mul(
        1_u32
            .checked_shl(attempts.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    let own = (doubled + JITTER.mul_f64(chance.clamp(0.0, 1.0))).min(LONGEST);
    own.max(asked.unwrap_or_default())
}

/// What a `Retry-After` in seconds or the `RetryInfo` of an error asks for.
pub(super) fn asked_for(header: Option<&str>, error: &serde_json::Value) -> Option<Duration> {
    let details = error.get("details").and_then(|details| details.as_array());
    let info = details.into_iter().flatten().find_map(|detail| {
        let kind = detail.get("@type")?.as_str()?;
        let delay = detail.get("retryDelay")?.as_str()?;
        kind.ends_with("google.rpc.RetryInfo").then_some(delay)
    });
    let seconds: f64 = match info {
        Some(delay) => delay.strip_suffix('s')?.parse().ok()?,
        None => header?.trim().parse().ok()?,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NO_ERROR: serde_json::Value = serde_json::Value::Null;

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<_> = [1, 2, 3, 4, 9, u32::MAX]
            .map(|attempts| delay(attempts, None, 0.0).as_secs())
            .into();
        assert_eq!(waits, [1, 2, 4, 8, 60, 60]);
        assert_eq!(delay(1, None, 1.0), Duration::from_secs(2));
    }

    #[test]
    fn what_is_asked_for_is_waited_for() {
        let twelve = json!({"details": [
            {"@type": "type.googleapis.com/google.rpc.Help"},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"},
        ]});
        let asked = asked_for(Some("3"), &twelve);
        assert_eq!(asked, Some(Duration::from_millis(12_500)));
        assert_eq!(delay(1, asked, 0.0), Duration::from_millis(12_500));
        assert_eq!(
            asked_for(Some("3"), &NO_ERROR),
            Some(Duration::from_secs(3))
        );
        for nonsense in ["", "-1", "NaN", "1e99", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(asked_for(Some(nonsense), &NO_ERROR), None, "{nonsense}");
        }
    }
}
