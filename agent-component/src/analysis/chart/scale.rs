//! Where values lie on a line, and where its ticks are.

use crate::analysis::moment::Moment;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// Values from `min` to `max` on a line from `start` to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Scale {
    pub(super) fn at(&self, value: f64) -> f64 {
        self.start + (value - self.min) / (self.max - self.min) * (self.end - self.start)
    }
}

/// The smallest and the largest value; apart, even if all values are one.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        (min, max) = (min.min(value), max.max(value));
    }
    if min > max {
        return (0.0, 1.0);
    }
    // So close that no tick fits between them.
    let tiny = min.abs().max(max.abs()) * 1e-12;
    if max - min > tiny {
        (min, max)
    } else {
        let room = if max == 0.0 { 1.0 } else { max.abs() * 0.1 };
        (min - room, max + room)
    }
}

/// Round numbers within the extent, about `count` of them; without fractions if `whole`.
pub(super) fn numbers(min: f64, max: f64, count: usize, whole: bool) -> Vec<Tick> {
    let step = round_step((max - min) / count as f64, whole);
    let values = multiples(min, max, step);
    let largest = values
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let (unit, suffix) = match largest {
        size if size >= 1e15 => (1.0, ""),
        size if size >= 1e12 => (1e12, "T"),
        size if size >= 1e9 => (1e9, "B"),
        size if size >= 1e6 => (1e6, "M"),
        size if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let decimals = decimals(step / unit);
    let exponent = unit == 1.0 && (largest >= 1e15 || decimals > 6);
    let label = |value: f64| match value {
        0.0 => "0".to_owned(),
        value if exponent => format!("{value:.1e}"),
        value => format!("{:.decimals$}{suffix}", value / unit),
    };
    values
        .into_iter()
        .map(|value| Tick {
            value,
            label: label(value),
        })
        .collect()
}

/// 1, 2, 2.5 or 5 times a power of ten, at least as large as `rough`.
fn round_step(rough: f64, whole: bool) -> f64 {
    if whole && rough < 1.0 {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power);
    // A little less than the step counts as the step: the power is not exact.
    let fits = |step: &&f64| **step >= rough * 0.999_999 && !(whole && step.fract() != 0.0);
    steps.iter().find(fits).copied().unwrap_or(rough)
}

fn multiples(min: f64, max: f64, step: f64) -> Vec<f64> {
    const MOST: usize = 30;
    let slack = step * 1e-9;
    let first = ((min - slack) / step).ceil();
    (0..MOST)
        .map(|index| (first + index as f64) * step)
        // Multiples of 0.1 are not: 3 × 0.1 is 0.30000000000000004, which prints well but is not 0.
        .map(|value| if value.abs() < slack { 0.0 } else { value })
        .take_while(|value| *value <= max + slack)
        .collect()
}

/// Digits that tell multiples of `step` apart.
fn decimals(step: f64) -> usize {
    (0..12)
        .find(|decimals| {
            let scaled = step * 10_f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        })
        .and_then(|decimals| usize::try_from(decimals).ok())
        .unwrap_or(12)
}

/// Calendar steps within the extent, in seconds since 1970.
pub(super) fn times(min: f64, max: f64, count: usize) -> Vec<Tick> {
    const DAY: f64 = 86_400.0;
    const SHORT: [f64; 16] = [
        1.0,
        5.0,
        15.0,
        30.0,
        60.0,
        300.0,
        900.0,
        1800.0,
        3600.0,
        10_800.0,
        21_600.0,
        43_200.0,
        DAY,
        2.0 * DAY,
        7.0 * DAY,
        14.0 * DAY,
    ];
    const MONTHS: [i32; 14] = [
        1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000,
    ];
    let rough = (max - min) / count as f64;
    if rough < 1.0 {
        // Fractions of a second: there is no calendar below it.
        return multiples(min, max, round_step(rough, false))
            .into_iter()
            .map(clock)
            .collect();
    }
    if let Some(step) = SHORT.iter().find(|step| **step >= rough) {
        let label = if *step >= DAY { day } else { clock };
        return multiples(min, max, *step).into_iter().map(label).collect();
    }
    let months = MONTHS
        .iter()
        .find(|months| f64::from(**months) * 30.44 * DAY >= rough);
    let months = months.copied().unwrap_or(24_000);
    let (year, month, _) = Moment::from_seconds(min as i64).ymd();
    let first = (year * 12 + i32::from(month) - 1).div_euclid(months) * months;
    (0..40)
        .filter_map(|index| {
            let month = first + index * months;
            let moment = Moment::of_month(month.div_euclid(12), month.rem_euclid(12) + 1)?;
            let (year, month, _) = moment.ymd();
            let label = if months >= 12 {
                format!("{year}")
            } else {
                format!("{year}-{month:02}")
            };
            Some(Tick {
                value: moment.seconds(),
                label,
            })
        })
        .filter(|tick| tick.value >= min && tick.value <= max)
        .collect()
}

fn day(value: f64) -> Tick {
    let (year, month, day) = Moment::from_seconds(value as i64).ymd();
    Tick {
        value,
        label: format!("{year}-{month:02}-{day:02}"),
    }
}

fn clock(value: f64) -> Tick {
    let seconds = value.floor() as i64;
    let (_, month, day) = Moment::from_seconds(seconds).ymd();
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, rest) = (second / 3600, second / 60 % 60, second % 60);
    let label = match rest {
        0 => format!("{month:02}-{day:02} {hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{rest:02}"),
    };
    Tick { value, label }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        for (min, max, expected) in [
            (0.0, 47.0, vec!["0", "10", "20", "30", "40"]),
            (0.0, 1.0, vec!["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            (-0.3, 0.3, vec!["-0.2", "0", "0.2"]),
            (
                1970.0,
                1982.0,
                vec!["1970.0", "1972.5", "1975.0", "1977.5", "1980.0"],
            ),
            (1.0, 3.5, vec!["1.0", "1.5", "2.0", "2.5", "3.0", "3.5"]),
            (
                0.0,
                2_500_000.0,
                vec!["0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M"],
            ),
            (0.0, 50_000.0, vec!["0", "10k", "20k", "30k", "40k", "50k"]),
            (
                1e20,
                3e20,
                vec!["1.0e20", "1.5e20", "2.0e20", "2.5e20", "3.0e20"],
            ),
        ] {
            assert_eq!(labels(&numbers(min, max, 5, false)), expected);
        }
    }

    #[test]
    fn whole_numbers_get_whole_ticks() {
        let years = numbers(1970.0, 1982.0, 5, true);
        assert_eq!(labels(&years), ["1970", "1975", "1980"]);
        assert_eq!(labels(&numbers(1.0, 3.0, 8, true)), ["1", "2", "3"]);
    }

    #[test]
    fn ticks_follow_the_calendar() {
        let seconds = |text| Moment::from_canonical(text).unwrap().seconds();
        let ticks = |from, to| {
            let ticks = times(seconds(from), seconds(to), 6);
            labels(&ticks).join(" ")
        };
        assert_eq!(
            ticks("2000-01-01", "2010-03-01"),
            "2000 2002 2004 2006 2008 2010"
        );
        assert_eq!(
            ticks("2012-01-15", "2012-12-31"),
            "2012-03 2012-05 2012-07 2012-09 2012-11"
        );
        assert_eq!(
            ticks("2012-01-01", "2012-01-11"),
            "2012-01-01 2012-01-03 2012-01-05 2012-01-07 2012-01-09 2012-01-11"
        );
        assert_eq!(
            ticks("2012-01-01", "2012-01-02"),
            "01-01 00:00 01-01 06:00 01-01 12:00 01-01 18:00 01-02 00:00"
        );
        assert_eq!(ticks("0001-01-01", "9999-01-01"), "2000 4000 6000 8000");
    }

    #[test]
    fn one_value_still_has_an_extent() {
        assert_eq!(extent([0.0].into_iter()), (-1.0, 1.0));
        assert_eq!(extent([10.0].into_iter()), (9.0, 11.0));
        assert_eq!(extent(std::iter::empty()), (0.0, 1.0));
        let (min, max) = extent([1e15, 1e15 + 0.1].into_iter());
        assert!(!numbers(min, max, 5, false).is_empty());
    }
}
