//! Points in time, as tables spell them.
//!
//! The spellings that are read are those that leave no doubt once the order of day, month and year
//! is known: four digits for the year, and month names in English.

use std::fmt::Write as _;

use time::{Date, Month};

const DAY: i64 = 86_400;
/// The Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;

/// In which order a date names its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `2024-02-29`, `2024/2/29`
    YearFirst,
    /// `Feb 29 2024`, `29 February, 2024`, `29-Feb-2024`
    Named,
    /// `2/29/2024`
    MonthFirst,
    /// `29.2.2024`, `29/2/2024`
    DayFirst,
}

/// A day, or a point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// Since 1970-01-01T00:00:00, in UTC if `zoned`, else in the unknown zone of the table.
    seconds: i64,
    nanos: u32,
    has_time: bool,
    zoned: bool,
}

/// One way to write all moments of a column, so that their text sorts as they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    has_time: bool,
    zoned: bool,
    /// Digits after the second: 0, 3, 6 or 9.
    decimals: usize,
}

impl Spelling {
    /// None when some moments name an offset from UTC and others do not: they do not compare.
    pub(super) fn of<'a>(moments: impl Iterator<Item = &'a Moment>) -> Option<Self> {
        let mut spelling: Option<Self> = None;
        for moment in moments {
            let decimals = match moment.nanos {
                0 => 0,
                nanos if nanos % 1_000_000 == 0 => 3,
                nanos if nanos % 1_000 == 0 => 6,
                _ => 9,
            };
            let known = spelling.get_or_insert(Self {
                has_time: false,
                zoned: moment.zoned,
                decimals: 0,
            });
            if known.zoned != moment.zoned {
                return None;
            }
            known.has_time |= moment.has_time;
            known.decimals = known.decimals.max(decimals);
        }
        spelling
    }

    pub(super) fn has_time(self) -> bool {
        self.has_time
    }
}

impl Moment {
    /// Reads a date, or a date and a time.
    pub(super) fn parse(text: &str, order: Order) -> Option<Self> {
        let mut scan = Scan(text);
        let date = match order {
            Order::YearFirst => year_first(&mut scan),
            Order::Named => named(&mut scan),
            Order::MonthFirst => {
                numbers(&mut scan, &['/', '-']).and_then(|(m, d, y)| date(y, m, d))
            }
            Order::DayFirst => {
                numbers(&mut scan, &['.', '/', '-']).and_then(|(d, m, y)| date(y, m, d))
            }
        }?;
        let midnight = (i64::from(date.to_julian_day()) - EPOCH) * DAY;
        if scan.0.is_empty() {
            return Some(Self {
                seconds: midnight,
                ..Self::default()
            });
        }
        let time = time(&mut scan)?;
        let zone = zone(&mut scan)?;
        let seconds = midnight + time.seconds - zone.unwrap_or(0);
        let moment = Self {
            seconds,
            nanos: time.nanos,
            has_time: true,
            zoned: zone.is_some(),
        };
        (scan.0.is_empty() && moment.date().is_some()).then_some(moment)
    }

    /// Reads the spelling that [`spell`](Self::spell) writes.
    pub(super) fn from_canonical(text: &str) -> Option<Self> {
        Self::parse(text, Order::YearFirst)
    }

    pub(super) fn from_seconds(seconds: i64) -> Self {
        Self {
            seconds,
            ..Self::default()
        }
    }

    /// The spelling without a time at midnight.
    pub(super) fn shortest(self) -> Spelling {
        let has_time = self.seconds.rem_euclid(DAY) != 0;
        Spelling {
            has_time,
            zoned: self.zoned,
            decimals: 0,
        }
    }

    /// Seconds since 1970-01-01T00:00:00, with a fraction.
    pub(super) fn seconds(self) -> f64 {
        self.seconds as f64 + f64::from(self.nanos) / 1e9
    }

    /// Year, month and day.
    pub(super) fn ymd(self) -> (i32, u8, u8) {
        self.date().map_or((1970, 1, 1), |date| {
            (date.year(), date.month().into(), date.day())
        })
    }

    /// The first moment of a month; months beyond 12 count into later years.
    pub(super) fn of_month(year: i32, month: i32) -> Option<Self> {
        let year = year.checked_add(month.checked_sub(1)?.div_euclid(12))?;
        let month = u8::try_from((month - 1).rem_euclid(12) + 1).ok()?;
        let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, 1).ok()?;
        let seconds = (i64::from(date.to_julian_day()) - EPOCH) * DAY;
        Some(Self {
            seconds,
            ..Self::default()
        })
    }

    pub(super) fn spell(self, spelling: Spelling) -> String {
        let (year, month, day) = self.ymd();
        let mut text = format!("{year:04}-{month:02}-{day:02}");
        if spelling.has_time {
            let second = self.seconds.rem_euclid(DAY);
            let (hour, minute) = (second / 3600, second / 60 % 60);
            // Writing to a string does not fail.
            let _ = write!(text, "T{hour:02}:{minute:02}:{:02}", second % 60);
            if spelling.decimals > 0 {
                let fraction = format!("{:09}", self.nanos);
                let _ = write!(
                    text,
                    ".{}",
                    fraction.get(..spelling.decimals).unwrap_or(&fraction)
                );
            }
            if spelling.zoned {
                text.push('Z');
            }
        }
        text
    }

    fn date(self) -> Option<Date> {
        let day = i32::try_from(self.seconds.div_euclid(DAY) + EPOCH).ok()?;
        Date::from_julian_day(day)
            .ok()
            .filter(|date| (1..=9999).contains(&date.year()))
    }
}

struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    /// A number of `min` to `max` digits, all of those that follow.
    fn number(&mut self, min: usize, max: usize) -> Option<u32> {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if end < min || end > max {
            return None;
        }
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits.parse().ok()
    }

    fn take(&mut self, characters: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|c| characters.contains(c))?;
        self.0 = self.0.strip_prefix(first)?;
        Some(first)
    }

    fn spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn word(&mut self) -> &'a str {
        let end = self.0.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let year = i32::try_from(year).ok().filter(|year| *year > 0)?;
    Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()
}

fn year_first(scan: &mut Scan<'_>) -> Option<Date> {
    let year = scan.number(4, 4)?;
    let separator = scan.take(&['-', '/', '.'])?;
    let month = scan.number(1, 2)?;
    scan.take(&[separator])?;
    date(year, month, scan.number(1, 2)?)
}

fn numbers(scan: &mut Scan<'_>, separators: &[char]) -> Option<(u32, u32, u32)> {
    let first = scan.number(1, 2)?;
    let separator = scan.take(separators)?;
    let second = scan.number(1, 2)?;
    scan.take(&[separator])?;
    Some((first, second, scan.number(4, 4)?))
}

fn named(scan: &mut Scan<'_>) -> Option<Date> {
    let separate = |scan: &mut Scan<'_>| {
        scan.take(&['.', ',', '-']);
        scan.spaces();
    };
    let (month, day) = if scan.0.starts_with(|c: char| c.is_ascii_digit()) {
        let day = scan.number(1, 2)?;
        separate(scan);
        (month(scan.word())?, day)
    } else {
        let month = month(scan.word())?;
        separate(scan);
        (month, scan.number(1, 2)?)
    };
    separate(scan);
    date(scan.number(4, 4)?, month, day)
}

fn month(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    let known = |month: &&str| {
        **month == word
            || month.get(..3) == Some(word.as_str())
            || (word == "sept" && month.starts_with("sept"))
    };
    MONTHS
        .iter()
        .position(known)
        .and_then(|index| u32::try_from(index + 1).ok())
}

struct Time {
    seconds: i64,
    nanos: u32,
}

fn time(scan: &mut Scan<'_>) -> Option<Time> {
    if scan.take(&['T', 't']).is_none() {
        scan.take(&[' ', ','])?;
        scan.spaces();
    }
    let hour = scan.number(1, 2)?;
    scan.take(&[':'])?;
    let minute = scan.number(2, 2)?;
    let (mut second, mut nanos) = (0, 0);
    if scan.take(&[':']).is_some() {
        second = scan.number(2, 2)?;
        if scan.take(&['.', ',']).is_some() {
            let length = scan.0.len();
            let fraction = scan.number(1, 9)?;
            let digits = u32::try_from(length - scan.0.len()).ok()?;
            nanos = fraction * 10_u32.pow(9_u32.checked_sub(digits)?);
        }
    }
    let before = scan.0;
    scan.spaces();
    let hour = match scan.word().to_ascii_lowercase().as_str() {
        "am" if (1..=12).contains(&hour) => hour % 12,
        "pm" if (1..=12).contains(&hour) => hour % 12 + 12,
        "am" | "pm" => return None,
        _ => {
            scan.0 = before;
            hour
        }
    };
    let valid = hour < 24 && minute < 60 && second < 60;
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    valid.then_some(Time { seconds, nanos })
}

/// The offset from UTC in seconds, when one is given. None if what follows is not an offset.
fn zone(scan: &mut Scan<'_>) -> Option<Option<i64>> {
    scan.spaces();
    if scan.0.is_empty() {
        return Some(None);
    }
    let sign = match scan.take(&['+', '-']) {
        Some('-') => -1,
        Some(_) => 1,
        None => {
            let word = scan.word().to_ascii_lowercase();
            return matches!(word.as_str(), "z" | "utc" | "gmt").then_some(Some(0));
        }
    };
    let (hours, minutes) = match scan.0.len() {
        2 => (scan.number(2, 2)?, 0),
        4 => {
            let both = scan.number(4, 4)?;
            (both / 100, both % 100)
        }
        _ => {
            let hours = scan.number(2, 2)?;
            scan.take(&[':'])?;
            (hours, scan.number(2, 2)?)
        }
    };
    let valid = hours < 24 && minutes < 60;
    valid.then_some(Some(
        sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(text: &str, order: Order) -> Option<String> {
        let moment = Moment::parse(text, order)?;
        Some(moment.spell(Spelling::of([moment].iter())?))
    }

    #[test]
    fn the_spellings_that_are_read() {
        for (text, order, expected) in [
            ("1970-01-01", Order::YearFirst, "1970-01-01"),
            ("1582-10-04", Order::YearFirst, "1582-10-04"),
            ("2001/01/01 00:47", Order::YearFirst, "2001-01-01T00:47:00"),
            (
                "2024-02-29T23:59:59.123456Z",
                Order::YearFirst,
                "2024-02-29T23:59:59.123456Z",
            ),
            (
                "2024-12-31 23:30:00 -0100",
                Order::YearFirst,
                "2025-01-01T00:30:00Z",
            ),
            (
                "2024-12-31T00:30:00+01",
                Order::YearFirst,
                "2024-12-30T23:30:00Z",
            ),
            ("Jun 12 1998", Order::Named, "1998-06-12"),
            ("June 1, 1998", Order::Named, "1998-06-01"),
            ("1 Sept. 2020", Order::Named, "2020-09-01"),
            ("05-MAR-2020", Order::Named, "2020-03-05"),
            ("Jan 2 2020, 1:05 PM", Order::Named, "2020-01-02T13:05:00"),
            (
                "2/29/2024 12:00 am",
                Order::MonthFirst,
                "2024-02-29T00:00:00",
            ),
            ("29.02.2024", Order::DayFirst, "2024-02-29"),
        ] {
            assert_eq!(iso(text, order).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_moment() {
        for (text, order) in [
            ("2023-02-29", Order::YearFirst),
            ("2024-13-01", Order::YearFirst),
            ("0000-01-01", Order::YearFirst),
            ("2024-1/1", Order::YearFirst),
            ("2024-01-01T25:00", Order::YearFirst),
            ("2024-01-01 abc", Order::YearFirst),
            ("9999-12-31T23:30:00-01:00", Order::YearFirst),
            ("2024", Order::YearFirst),
            ("1/2/24", Order::MonthFirst),
            ("31.1.2024", Order::MonthFirst),
            ("Mayor 1 2020", Order::Named),
            ("", Order::Named),
        ] {
            assert_eq!(iso(text, order), None, "{text}");
        }
    }

    #[test]
    fn months_are_counted_on() {
        let ymd = |year, month| Moment::of_month(year, month).unwrap().ymd();
        assert_eq!(ymd(2023, 12), (2023, 12, 1));
        assert_eq!(ymd(2023, 13), (2024, 1, 1));
        assert_eq!(ymd(2023, 0), (2022, 12, 1));
    }
}
