//! `google.protobuf.Timestamp` in JSON, at the millisecond precision of section 5.6.1.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since the epoch. Printed as `2026-11-21T08:30:00.000Z`; read with any fraction and
/// any offset. A fraction finer than a millisecond is rounded up, so that "at or after" stays true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Reads RFC 3339.
    ///
    /// # Errors
    /// When the text is not RFC 3339, or names a moment before 1970.
    pub fn parse(text: &str) -> Result<Self, String> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| {
            format!("{text:?} is not an RFC 3339 timestamp such as 2026-11-21T08:30:00Z ({error})")
        })?;
        let nanoseconds = moment.unix_timestamp_nanos();
        u64::try_from((nanoseconds + 999_999).div_euclid(1_000_000))
            .map(Self)
            .map_err(|_| format!("{text:?} is before 1970"))
    }
}

/// What a timestamp looks like, before its digits are there.
const TEMPLATE: [u8; 24] = *b"0000-00-00T00:00:00.000Z";

impl Timestamp {
    /// As it is printed. A task's log holds several for each event, and the formatting of integers by
    /// width costs ten times these divisions.
    fn printed(self) -> [u8; 24] {
        let seconds = i64::try_from(self.0 / 1000).unwrap_or(i64::MAX);
        let moment =
            OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut text = TEMPLATE;
        let mut ends_at = |end: usize, mut number: u64| {
            for digit in text.iter_mut().take(end).rev() {
                if number == 0 {
                    break;
                }
                // A digit, so it fits.
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        ends_at(4, u64::from(moment.year().unsigned_abs()));
        ends_at(7, u64::from(u8::from(moment.month())));
        ends_at(10, u64::from(moment.day()));
        ends_at(13, u64::from(moment.hour()));
        ends_at(16, u64::from(moment.minute()));
        ends_at(19, u64::from(moment.second()));
        ends_at(23, self.0 % 1000);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.printed();
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.printed();
        serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_printed_with_all_its_digits_and_read_again() {
        for (milliseconds, printed) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (7, "1970-01-01T00:00:00.007Z"),
            (951_782_400_120, "2000-02-29T00:00:00.120Z"),
            (1_764_036_959_999, "2025-11-25T02:15:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            let timestamp = Timestamp(milliseconds);
            assert_eq!(timestamp.to_string(), printed);
            assert_eq!(
                serde_json::to_string(&timestamp).unwrap(),
                format!("{printed:?}")
            );
            assert_eq!(Timestamp::parse(printed), Ok(timestamp));
        }
        // The calendar ends with 9999.
        assert_eq!(Timestamp(u64::MAX).to_string(), "1970-01-01T00:00:00.615Z");
    }
}
