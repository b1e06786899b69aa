use std::fmt;
use std::time::Duration;

/// So many tokens, and after which time they begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRate {
    tokens: u64,
    window: Duration,
}

const DAY: u64 = 86_400;

impl TokenRate {
    /// Reads `TOKENS/TIME`, such as `1000000/1d`.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| {
            "give a number of tokens and the time after which it begins anew, such as 1000000/1d or \
             50000/30min, at most 31d"
                .to_owned()
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (tokens, window) = text.split_once('/')?;
        let window = window.trim();
        let digits = window.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = window.split_at_checked(digits)?;
        let number: u64 = if number.is_empty() {
            1
        } else {
            number.parse().ok()?
        };
        let unit = match unit.trim() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => DAY,
            _ => return None,
        };
        let seconds = number.checked_mul(unit)?;
        let tokens = tokens.trim().parse().ok()?;
        let is_sound = tokens > 0 && (1..=31 * DAY).contains(&seconds);
        is_sound.then(|| Self {
            tokens,
            window: Duration::from_secs(seconds),
        })
    }

    pub(super) fn tokens(self) -> u64 {
        self.tokens
    }

    pub(super) fn window(self) -> Duration {
        self.window
    }
}

impl fmt::Display for TokenRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.tokens, shown(self.window))
    }
}

/// As a reader would say it, rounded up.
pub(super) fn shown(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (unit, name) = match seconds {
        0..60 => (1, "second"),
        60..3_600 => (60, "minute"),
        3_600..DAY => (3_600, "hour"),
        _ => (DAY, "day"),
    };
    let number = seconds.div_ceil(unit);
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {name}{plural}")
}
