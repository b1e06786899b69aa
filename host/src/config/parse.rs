use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::ConfigError;

/// The longest span that a setting may ask for: one day.
const LONGEST: f64 = 86_400.0;

/// The text of a setting that is present and not empty.
pub(super) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(super) fn whole_number<N>(
    key: &str,
    text: Option<String>,
    default: N,
    least: N,
    most: N,
) -> Result<N, ConfigError>
where
    N: FromStr + PartialOrd + Display,
{
    let Some(text) = given(text) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => Err(ConfigError::new(
            key,
            text,
            format!("give a whole number from {least} to {most}"),
        )),
    }
}

pub(super) fn seconds(
    key: &str,
    text: Option<String>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    seconds_from(key, text, default, Duration::ZERO)
}

/// Seconds, not fewer than `least`.
pub(super) fn seconds_from(
    key: &str,
    text: Option<String>,
    default: Duration,
    least: Duration,
) -> Result<Duration, ConfigError> {
    let least = least.as_secs_f64();
    let Some(text) = given(text) else {
        return Ok(default);
    };
    match text.strip_suffix('s').unwrap_or(&text).parse::<f64>() {
        Ok(seconds) if (least..=LONGEST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(ConfigError::new(
            key,
            text,
            format!("give seconds, from {least} to 86400"),
        )),
    }
}

pub(super) fn switch(key: &str, text: Option<String>) -> Result<bool, ConfigError> {
    let Some(text) = given(text) else {
        return Ok(false);
    };
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(ConfigError::new(key, text, "give 1 or 0")),
    }
}

/// A size in bytes, or with KiB, MiB or GiB.
pub(super) fn size(
    key: &str,
    text: Option<String>,
    default: u64,
    least: u64,
    most: u64,
) -> Result<u64, ConfigError> {
    let Some(text) = given(text) else {
        return Ok(default);
    };
    match bytes(&text) {
        Some(bytes) if (least..=most).contains(&bytes) => Ok(bytes),
        _ => Err(ConfigError::new(
            key,
            text,
            format!(
                "give a size from {} to {}, such as 64MiB",
                shown(least),
                shown(most)
            ),
        )),
    }
}

fn bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A size as a reader would write it.
pub(crate) fn shown(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes} bytes")
}
