//! The kind of a column of text, by all of its values.
//!
//! A value that would lose something by being a number keeps its column text: a leading zero (a
//! postal code, an identifier) and digits beyond 64 bits.

use super::column::{Kind, Texts, Values};
use crate::analysis::moment::{Moment, Order, Spelling};

/// True for the ways in which delimited text says that there is no value.
pub(super) fn is_missing(field: &str) -> bool {
    const MARKERS: [&str; 4] = ["NA", "N/A", "null", "NaN"];
    field.is_empty() || (field.len() < 5 && MARKERS.iter().any(|m| field.eq_ignore_ascii_case(m)))
}

/// Turns text into numbers, booleans or dates when all values are such.
///
/// With `decimal_comma` a number may be written `12,5`.
pub(super) fn typed(texts: Texts, missing: &[bool], decimal_comma: bool) -> (Kind, Values) {
    if !missing.contains(&false) {
        return (Kind::Text, Values::Text(texts));
    }
    if let Some(values) = all(&texts, missing, integer) {
        return (Kind::Integer, Values::Integer(values));
    }
    let number = |text: &str| match text.split_once(',') {
        Some((whole, decimals)) if decimal_comma => float(&format!("{whole}.{decimals}")),
        _ => float(text),
    };
    if let Some(values) = all(&texts, missing, number) {
        return (Kind::Float, Values::Float(values));
    }
    if let Some(values) = all(&texts, missing, boolean) {
        return (Kind::Boolean, Values::Boolean(values));
    }
    dates(texts, missing)
}

/// Turns text into dates or timestamps in ISO 8601 when all values are such.
///
/// Day and month in numbers, as in `3/4/2024`, are read only when the column itself shows which is
/// which; otherwise it stays text.
pub(super) fn dates(texts: Texts, missing: &[bool]) -> (Kind, Values) {
    let read = |order| all(&texts, missing, |text| Moment::parse(text, order));
    let moments = match (read(Order::YearFirst), read(Order::Named)) {
        (Some(moments), _) | (None, Some(moments)) => Some(moments),
        (None, None) => match (read(Order::MonthFirst), read(Order::DayFirst)) {
            (Some(moments), None) | (None, Some(moments)) => Some(moments),
            // The same day either way, as in 1/1/2024 or 5.5.2024.
            (Some(one), Some(other)) if one == other => Some(one),
            _ => None,
        },
    };
    let present = || (0..missing.len()).filter(|row| missing.get(*row) == Some(&false));
    let Some((moments, spelling)) = moments.and_then(|moments| {
        let spelling = Spelling::of(present().filter_map(|row| moments.get(row)))?;
        Some((moments, spelling))
    }) else {
        return (Kind::Text, Values::Text(texts));
    };
    let mut canonical = Texts::default();
    for (moment, missing) in moments.iter().zip(missing) {
        canonical.push(&if *missing {
            String::new()
        } else {
            moment.spell(spelling)
        });
    }
    let kind = if spelling.has_time() {
        Kind::Timestamp
    } else {
        Kind::Date
    };
    (kind, Values::Text(canonical))
}

/// Parses every present value; none if one does not parse or all are missing.
fn all<T: Default>(
    texts: &Texts,
    missing: &[bool],
    parse: impl Fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    // The first present value decides most attempts: look at it before allocating.
    let first = missing.iter().position(|missing| !missing)?;
    parse(texts.get(first)?.trim())?;
    missing
        .iter()
        .enumerate()
        .map(|(row, missing)| match missing {
            true => Some(T::default()),
            false => parse(texts.get(row)?.trim()),
        })
        .collect()
}

fn integer(text: &str) -> Option<i64> {
    is_plain(text).then(|| text.parse().ok())?
}

fn float(text: &str) -> Option<f64> {
    let allowed = |c: u8| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(allowed) {
        return None;
    }
    // Digits without a point that do not fit an integer would not survive as a float.
    let digits_only = text
        .bytes()
        .all(|c| c.is_ascii_digit() || matches!(c, b'+' | b'-'));
    if !is_plain(text) || (digits_only && integer(text).is_none()) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Without a leading zero that says that this is not a number: `0`, `0.5`, `-0.5`, but not `007`.
fn is_plain(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    !matches!(unsigned.as_bytes(), [b'0', b'0'..=b'9', ..])
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::table::{Cell, Column};

    fn column(fields: &[&str], decimal_comma: bool) -> Column {
        let mut texts = Texts::default();
        fields.iter().for_each(|field| texts.push(field));
        let missing: Vec<_> = fields
            .iter()
            .map(|field| is_missing(field.trim()))
            .collect();
        let (kind, values) = typed(texts, &missing, decimal_comma);
        Column::new("c".into(), kind, values, missing)
    }

    fn kind(fields: &[&str]) -> Kind {
        column(fields, false).kind()
    }

    #[test]
    fn numbers_that_would_lose_something_stay_text() {
        assert_eq!(kind(&["1", " -2 ", "+3", ""]), Kind::Integer);
        assert_eq!(kind(&["1", ".5", "5.", "1e3", "-0.5", "NA"]), Kind::Float);
        assert_eq!(kind(&["00501", "10001"]), Kind::Text);
        assert_eq!(kind(&["9223372036854775807"]), Kind::Integer);
        assert_eq!(kind(&["9223372036854775808"]), Kind::Text);
        assert_eq!(kind(&["9223372036854775808", "0.5"]), Kind::Text);
        assert_eq!(kind(&["inf"]), Kind::Text);
        assert_eq!(kind(&["1e999"]), Kind::Text);
        assert_eq!(kind(&["1,5"]), Kind::Text);
        assert_eq!(kind(&["-"]), Kind::Text);
    }

    #[test]
    fn a_decimal_comma_is_read_where_it_is_expected() {
        let column = column(&["1,5", "2", "-0,25"], true);
        assert!(column.cells().eq([1.5, 2.0, -0.25].map(Cell::Float)));
    }

    #[test]
    fn missing_markers_do_not_decide_the_kind() {
        for marker in ["", "NA", "n/a", "NULL", "nan", " null "] {
            let column = column(&["1", marker, "2"], false);
            assert!(
                column
                    .cells()
                    .eq([Cell::Integer(1), Cell::Missing, Cell::Integer(2)])
            );
        }
        assert_eq!(kind(&["", "NA"]), Kind::Text);
        assert_eq!(kind(&["none", "1"]), Kind::Text);
    }

    #[test]
    fn booleans_are_words() {
        assert_eq!(kind(&["true", "FALSE"]), Kind::Boolean);
        assert_eq!(kind(&["yes", "no"]), Kind::Text);
    }

    #[test]
    fn dates_become_iso_when_the_column_shows_what_is_what() {
        let texts = |fields: &[&str]| -> (Kind, Vec<String>) {
            let column = column(fields, false);
            (
                column.kind(),
                column.cells().map(|cell| cell.to_string()).collect(),
            )
        };
        let day = Kind::Date;
        assert_eq!(texts(&["2024-02-29"]), (day, vec!["2024-02-29".into()]));
        assert_eq!(texts(&["Jan 1 2000"]), (day, vec!["2000-01-01".into()]));
        assert_eq!(texts(&["31.12.1999"]), (day, vec!["1999-12-31".into()]));
        assert_eq!(
            texts(&["1/2/2024", "1/13/2024", ""]),
            (
                day,
                vec!["2024-01-02".into(), "2024-01-13".into(), String::new()]
            )
        );
        assert_eq!(
            texts(&["1/2/2024", "13/1/2024"]),
            (day, vec!["2024-02-01".into(), "2024-01-13".into()])
        );
        assert_eq!(texts(&["1/2/2024"]), (Kind::Text, vec!["1/2/2024".into()]));
        assert_eq!(
            texts(&["2024-02-30"]),
            (Kind::Text, vec!["2024-02-30".into()])
        );
        assert_eq!(
            texts(&["2015/01/01 01:00:00", "2015/01/02"]),
            (
                Kind::Timestamp,
                vec!["2015-01-01T01:00:00".into(), "2015-01-02T00:00:00".into()]
            )
        );
        assert_eq!(
            texts(&["2000-01-01T08:00:00.5+01:00", "2000-01-01T08:00:00Z"]),
            (
                Kind::Timestamp,
                vec![
                    "2000-01-01T07:00:00.500Z".into(),
                    "2000-01-01T08:00:00.000Z".into()
                ]
            )
        );
        assert_eq!(kind(&["2000-01-01T08:00Z", "2000-01-01T08:00"]), Kind::Text);
    }
}
