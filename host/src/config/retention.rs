use std::time::Duration;

use super::{ConfigError, DataLocation, parse};

const KEY: &str = "ATTACHE_RETENTION (--retention)";
const DAY: Duration = Duration::from_secs(86_400);
/// A file on one machine is nobody's archive, and nobody else cleans it up.
const OF_A_FILE: Duration = DAY.saturating_mul(30);

/// How long finished tasks are kept; none is for ever.
///
/// A message must be forgotten before the task that it began, or a repeated one would find nothing.
pub(super) fn resolve(
    given: Option<String>,
    data: &DataLocation,
    idempotency_window: Option<Duration>,
) -> Result<Option<Duration>, ConfigError> {
    let Some(text) = parse::given(given) else {
        return Ok((!data.is_shared()).then_some(OF_A_FILE));
    };
    let expected = "give an age such as 90d, 12h, 30m or 3600s, or 0 to keep tasks for ever";
    let Some(age) = age(&text) else {
        return Err(ConfigError::new(KEY, text, expected));
    };
    if age.is_zero() {
        return Ok(None);
    }
    match idempotency_window {
        Some(window) if age < window => Err(ConfigError::new(
            KEY,
            text,
            format!(
                "give at least the {} seconds of ATTACHE_IDEMPOTENCY_WINDOW, in which a repeated \
                 message has to find its task",
                window.as_secs()
            ),
        )),
        _ => Ok(Some(age)),
    }
}

/// A whole number with a unit; without one, seconds.
fn age(text: &str) -> Option<Duration> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    // A hundred years are for ever, and no clock overflows.
    (seconds <= 100 * 365 * 86_400).then_some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units() {
        for (text, seconds) in [
            ("90d", 90 * 86_400),
            ("12h", 43_200),
            ("30m", 1_800),
            ("5s", 5),
            ("7", 7),
            ("0", 0),
        ] {
            assert_eq!(age(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "-1d", "1w", "1.5d", "99999999999d"] {
            assert_eq!(age(text), None, "{text}");
        }
    }
}
