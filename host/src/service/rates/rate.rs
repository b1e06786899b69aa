use std::fmt;
use std::time::Duration;

/// The most that a setting may allow, in a unit of time.
const MOST: u32 = 1_000_000;

/// So many requests in a unit of time, evenly, and so many of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    unit: Unit,
    burst: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Rate {
    /// Reads `COUNT/UNIT` or `COUNT/UNIT:BURST`; the burst is the whole count by default.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| {
            format!(
                "give a count from 1 to {MOST} in a unit of time, such as 10/s, 600/min or \
                 1000/h, and after a colon how many may come at once, such as 600/min:50"
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (count, rest) = text.split_once('/')?;
        let (unit, burst) = match rest.split_once(':') {
            Some((unit, burst)) => (unit, Some(burst)),
            None => (rest, None),
        };
        let number = |text: &str| {
            let number = text.trim().parse().ok()?;
            (1..=MOST).contains(&number).then_some(number)
        };
        let count = number(count)?;
        Some(Self {
            count,
            unit: match unit.trim() {
                "s" | "sec" | "second" => Unit::Second,
                "m" | "min" | "minute" => Unit::Minute,
                "h" | "hour" => Unit::Hour,
                _ => return None,
            },
            burst: burst.map_or(Some(count), number)?,
        })
    }

    /// How many may come at once.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// Seconds in which so many are there again: with the burst the quota that clients are told.
    pub fn window(self) -> u64 {
        (u64::from(self.burst) * self.unit.seconds()).div_ceil(u64::from(self.count))
    }

    /// Nanoseconds in which one more request may come.
    fn interval(self) -> u64 {
        self.unit.seconds() * 1_000_000_000 / u64::from(self.count)
    }

    /// Nanoseconds in which an empty bucket is full.
    fn whole(self) -> u64 {
        self.interval() * u64::from(self.burst)
    }

    /// Takes one request out of a bucket that is full at `full_at`: when it is full now, or else for
    /// how long there is none in it. Times are nanoseconds since any moment.
    pub(super) fn take(self, full_at: u64, now: u64) -> Result<u64, Duration> {
        let next = full_at.max(now).saturating_add(self.interval());
        match next.checked_sub(now.saturating_add(self.whole())) {
            None | Some(0) => Ok(next),
            Some(wait) => Err(Duration::from_nanos(wait)),
        }
    }

    /// How many requests are in such a bucket, and until when it is full or, when none is in it,
    /// has one.
    pub(super) fn left(self, full_at: u64, now: u64) -> (u32, Duration) {
        let missing = full_at.saturating_sub(now);
        let there = self.whole().saturating_sub(missing);
        let left = u32::try_from(there / self.interval()).unwrap_or(u32::MAX);
        let reset = match left {
            0 => self.interval() - there,
            _ => missing,
        };
        (left, Duration::from_nanos(reset))
    }
}

impl Unit {
    fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }
}

/// As a reader would say it.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => "second",
            Unit::Minute => "minute",
            Unit::Hour => "hour",
        };
        write!(f, "{} per {unit}", self.count)?;
        if self.burst != self.count {
            write!(f, " and {} at once", self.burst)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_bucket_gives_what_is_in_it_and_fills_evenly() {
        let rate = Rate::parse("60/min:3").unwrap();
        let mut full_at = 0;
        for left in [2, 1, 0] {
            full_at = rate.take(full_at, 0).unwrap();
            assert_eq!(rate.left(full_at, 0).0, left);
        }
        assert_eq!(rate.take(full_at, 0), Err(Duration::from_secs(1)));
        assert_eq!(
            rate.take(full_at, SECOND / 4),
            Err(Duration::from_millis(750))
        );
        full_at = rate.take(full_at, SECOND).unwrap();
        assert_eq!(rate.left(full_at, SECOND), (0, Duration::from_secs(1)));
        // Waiting for longer saves up no more than the burst.
        full_at = rate.take(full_at, 60 * SECOND).unwrap();
        assert_eq!(rate.left(full_at, 60 * SECOND), (2, Duration::from_secs(1)));
    }

    #[test]
    fn the_quota_that_clients_are_told_is_one_that_holds() {
        let told = |text| {
            let rate = Rate::parse(text).unwrap();
            (rate.burst(), rate.window())
        };
        assert_eq!(told("600/min"), (600, 60));
        assert_eq!(told("600/min:100"), (100, 10));
        assert_eq!(told("1000/h:1"), (1, 4));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "10",
            "/s",
            "10/",
            "0/s",
            "-1/s",
            "10/day",
            "10/s:",
            "10/s:0",
            "10/s:x",
            "1000001/s",
            "1.5/s",
        ] {
            assert!(Rate::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Rate::parse("10 / s").unwrap().to_string(), "10 per second");
        assert_eq!(
            Rate::parse("600/min:50").unwrap().to_string(),
            "600 per minute and 50 at once"
        );
    }
}
