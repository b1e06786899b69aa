//! What is in a table, column by column.
//!
//! Quantiles interpolate linearly between the two nearest values, and the standard deviation is that
//! of a sample (n − 1): the defaults of pandas and numpy's quantile, so that figures can be compared.
//! Distinct values and quantiles come from sorting: it needs no more memory for a column of different
//! values than for one of equal ones.

use std::fmt;

use serde_json::{Value, json};

use super::grid::Grid;
use super::number::{counted, grouped, readable};
use super::table::{Cell, Column, Kind, Table, Texts, Values, clip};

/// How many of the most frequent values are listed.
const TOP: usize = 5;
/// Columns described in the text; the JSON has them all.
const MAX_LINES: usize = 100;

/// A table described.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The table's name.
    pub table: String,
    /// The number of rows.
    pub rows: usize,
    /// One description per column, in order.
    pub columns: Vec<ColumnProfile>,
}

/// A column described.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnProfile {
    /// The column's name.
    pub name: String,
    /// The kind of its values.
    pub kind: Kind,
    /// Rows without a value.
    pub missing: usize,
    /// Different values, missing ones not counted.
    pub distinct: usize,
    /// What depends on the kind; none when every value is missing.
    pub details: Option<Details>,
}

/// What is told about the values of a kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Details {
    /// Of integers and floats.
    Numbers(Numbers),
    /// The first and the last date or timestamp.
    Range(String, String),
    /// Of text and booleans: the most frequent values, the most frequent first, with their counts.
    Top(Vec<(String, usize)>),
}

/// The distribution of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The smallest value; an integer in a column of integers.
    pub min: Value,
    /// The largest value; an integer in a column of integers.
    pub max: Value,
    /// The arithmetic mean.
    pub mean: f64,
    /// The standard deviation of a sample; none for a single value.
    pub stddev: Option<f64>,
    /// A quarter of the values lies below.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// Three quarters of the values lie below.
    pub p75: f64,
}

impl Profile {
    /// Describes a table.
    pub fn of(table: &Table) -> Self {
        Self {
            table: table.name().to_owned(),
            rows: table.rows(),
            columns: table.columns().iter().map(ColumnProfile::of).collect(),
        }
    }

    /// The profile as JSON: `{"table", "rows", "columns": [{"name", "type", "missing", "distinct",
    /// …}]}`, where numbers add `min`, `p25`, `p50`, `p75`, `max`, `mean`, `stddev`; dates `min`,
    /// `max`; others `top`, an array of `{"value", "count"}`.
    pub fn to_json(&self) -> Value {
        let columns: Vec<_> = self.columns.iter().map(ColumnProfile::to_json).collect();
        json!({ "table": self.table, "rows": self.rows, "columns": columns })
    }
}

impl ColumnProfile {
    fn of(column: &Column) -> Self {
        let present: Vec<usize> = (0..column.len())
            .filter(|row| column.cell(*row) != Cell::Missing)
            .collect();
        let missing = column.len() - present.len();
        let (distinct, details) = match &column.values {
            Values::Integer(values) => of_integers(pick(values, &present)),
            Values::Float(values) => of_floats(pick(values, &present)),
            Values::Boolean(values) => of_booleans(&pick(values, &present)),
            Values::Text(texts) => of_texts(texts, present, column.kind()),
        };
        let details = (missing < column.len()).then_some(details);
        Self {
            name: column.name().to_owned(),
            kind: column.kind(),
            missing,
            distinct,
            details,
        }
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "name": self.name,
            "type": self.kind.name(),
            "missing": self.missing,
            "distinct": self.distinct,
        });
        let details = match &self.details {
            Some(Details::Numbers(n)) => json!({
                "min": n.min, "p25": n.p25, "p50": n.p50, "p75": n.p75, "max": n.max,
                "mean": n.mean, "stddev": n.stddev,
            }),
            Some(Details::Range(min, max)) => json!({ "min": min, "max": max }),
            Some(Details::Top(top)) => {
                let top: Vec<_> = top
                    .iter()
                    .map(|(value, count)| json!({ "value": value, "count": count }))
                    .collect();
                json!({ "top": top })
            }
            None => Value::Null,
        };
        if let (Value::Object(json), Value::Object(details)) = (&mut json, details) {
            json.extend(details);
        }
        json
    }
}

fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter()
        .filter_map(|row| values.get(*row).copied())
        .collect()
}

fn of_integers(mut values: Vec<i64>) -> (usize, Details) {
    values.sort_unstable();
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    let ends = (
        values.first().copied().into(),
        values.last().copied().into(),
    );
    let distinct = runs(&values, |a, b| a == b).count();
    let floats: Vec<f64> = values.into_iter().map(|value| value as f64).collect();
    let mean = sum as f64 / floats.len() as f64;
    (distinct, Details::Numbers(numbers(&floats, mean, ends)))
}

fn of_floats(mut values: Vec<f64>) -> (usize, Details) {
    values.sort_unstable_by(f64::total_cmp);
    let mean = sum(values.iter().copied()) / values.len() as f64;
    let ends = (
        values.first().copied().into(),
        values.last().copied().into(),
    );
    // `==` makes 0.0 and -0.0 one value, as SQL does.
    let distinct = runs(&values, |a, b| a == b).count();
    (distinct, Details::Numbers(numbers(&values, mean, ends)))
}

fn numbers(sorted: &[f64], mean: f64, (min, max): (Value, Value)) -> Numbers {
    let squares = sum(sorted.iter().map(|value| (value - mean).powi(2)));
    let stddev = (sorted.len() > 1).then(|| (squares / (sorted.len() - 1) as f64).sqrt());
    let quantile = |share: f64| quantile(sorted, share).unwrap_or(f64::NAN);
    let (p25, p50, p75) = (quantile(0.25), quantile(0.5), quantile(0.75));
    Numbers {
        min,
        max,
        mean,
        stddev,
        p25,
        p50,
        p75,
    }
}

/// The value below which `share` of the sorted values lies, between two values if need be.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = sorted.len().checked_sub(1)? as f64 * share;
    let below = *sorted.get(position.floor() as usize)?;
    let above = *sorted.get(position.ceil() as usize)?;
    Some(below + (above - below) * position.fract())
}

/// A sum that does not lose small values beside large ones (Neumaier's compensation).
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() {
            (sum - next) + value
        } else {
            (value - next) + sum
        };
        sum = next;
    }
    if lost.is_finite() { sum + lost } else { sum }
}

/// Runs of equal values in sorted ones.
fn runs<T>(sorted: &[T], same: fn(&T, &T) -> bool) -> impl Iterator<Item = &[T]> {
    sorted.chunk_by(same)
}

fn of_booleans(values: &[bool]) -> (usize, Details) {
    let yes = values.iter().filter(|value| **value).count();
    let mut top = vec![
        ("true".to_owned(), yes),
        ("false".to_owned(), values.len() - yes),
    ];
    top.retain(|(_, count)| *count > 0);
    top.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    (top.len(), Details::Top(top))
}

fn of_texts(texts: &Texts, rows: Vec<usize>, kind: Kind) -> (usize, Details) {
    let mut values: Vec<&str> = rows.into_iter().filter_map(|row| texts.get(row)).collect();
    values.sort_unstable();
    let mut counts: Vec<(&str, usize)> = values
        .chunk_by(|a, b| a == b)
        .filter_map(|run| Some((*run.first()?, run.len())))
        .collect();
    let distinct = counts.len();
    let details = match (kind.is_time(), values.first(), values.last()) {
        (true, Some(first), Some(last)) => Details::Range((*first).into(), (*last).into()),
        _ => {
            // Stable, so that equally frequent values stay in alphabetical order.
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            counts.truncate(TOP);
            Details::Top(
                counts
                    .into_iter()
                    .map(|(text, n)| (clip(text, 200), n))
                    .collect(),
            )
        }
    };
    (distinct, details)
}

/// The profile for people: numbers in one table, everything else in another.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = counted(self.columns.len(), "column");
        writeln!(
            f,
            "Table `{}`: {}, {columns}.",
            self.table,
            counted(self.rows, "row")
        )?;
        let mut of_numbers = Grid::new(
            &[
                "column", "type", "missing", "distinct", "min", "p25", "median", "p75", "max",
                "mean", "stddev",
            ],
            &[
                false, false, true, true, true, true, true, true, true, true, true,
            ],
        );
        let mut of_others = Grid::new(
            &["column", "type", "missing", "distinct", "values"],
            &[false, false, true, true, false],
        );
        for column in self.columns.iter().take(MAX_LINES) {
            let start = [
                column.name.clone(),
                column.kind.name().to_owned(),
                grouped(column.missing),
                grouped(column.distinct),
            ];
            match &column.details {
                Some(Details::Numbers(n)) => {
                    let end = |value: &Value| match value.as_i64() {
                        Some(integer) => integer.to_string(),
                        None => value.as_f64().map(readable).unwrap_or_default(),
                    };
                    let figures = [
                        end(&n.min),
                        readable(n.p25),
                        readable(n.p50),
                        readable(n.p75),
                        end(&n.max),
                        readable(n.mean),
                        n.stddev.map(readable).unwrap_or_default(),
                    ];
                    of_numbers.push(start.into_iter().chain(figures));
                }
                Some(Details::Range(first, last)) => {
                    of_others.push(start.into_iter().chain([format!("{first} to {last}")]));
                }
                Some(Details::Top(top)) => {
                    let top: Vec<_> = top
                        .iter()
                        .map(|(value, count)| format!("{} ({})", clip(value, 24), grouped(*count)))
                        .collect();
                    of_others.push(start.into_iter().chain([top.join(", ")]));
                }
                None => of_others.push(start.into_iter().chain(["(all missing)".to_owned()])),
            }
        }
        for grid in [of_numbers, of_others]
            .iter()
            .filter(|grid| !grid.is_empty())
        {
            write!(f, "\n{grid}")?;
        }
        match self.columns.len().saturating_sub(MAX_LINES) {
            0 => Ok(()),
            hidden => writeln!(f, "\n… and {} more", counted(hidden, "column")),
        }
    }
}

#[cfg(test)]
mod tests;
