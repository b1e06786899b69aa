//! From columns to series of points.

use std::collections::HashMap;

use super::{
    ChartError, ChartKind, ChartRequest, MAX_BARS, MAX_LINE_POINTS, MAX_SCATTER_POINTS, MAX_SERIES,
    column,
};
use crate::analysis::moment::Moment;
use crate::analysis::number::{counted, grouped};
use crate::analysis::table::{Cell, Column, Kind, Table, clip};

/// A chart ready to be painted.
pub(super) struct Plan {
    pub(super) kind: ChartKind,
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) across: Across,
    pub(super) series: Vec<Series>,
    pub(super) notes: Vec<String>,
}

/// What lies along the x axis.
pub(super) enum Across {
    /// Names side by side; a point's x is its place.
    Categories(Vec<String>),
    Numbers,
    /// Seconds since 1970.
    Time,
}

pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Plan {
    pub(super) fn of(table: &Table, request: &ChartRequest) -> Result<Self, ChartError> {
        let kind = request.kind;
        let x = choose_x(table, request)?;
        let ys = choose_y(table, request, x)?;
        let by = request
            .series
            .as_deref()
            .map(|name| column(table, name))
            .transpose()?;
        let mut notes = Vec::new();
        let mut places = Places::of(kind, x, table.rows());
        let mut drafts = Drafts::default();
        let mut left_out = 0;
        for row in 0..table.rows() {
            let at = places.place(x, row);
            for y in &ys {
                let name = match by {
                    Some(by) if ys.len() > 1 => format!("{} {}", label(by.cell(row)), y.name()),
                    Some(by) => label(by.cell(row)),
                    None => y.name().to_owned(),
                };
                match (at, y.cell(row).number()) {
                    (Some(x), Some(y)) => drafts.add(name, Point { x, y }),
                    _ => left_out += 1,
                }
            }
        }
        if left_out > 0 && drafts.points > 0 {
            notes.push(format!(
                "{} without a value left out.",
                counted(left_out, "point")
            ));
        }
        let mut series = drafts.into_series(&mut notes);
        if kind != ChartKind::Scatter {
            merge(&mut series, &mut notes);
        }
        let across = places.finish(kind, &mut series, &mut notes);
        thin_out(kind, &mut series, &mut notes);
        check(&series)?;
        let x_label = x.map_or_else(|| "row".to_owned(), |x| x.name().to_owned());
        let y_names: Vec<_> = ys.iter().map(|y| y.name()).collect();
        let y_label = y_names.join(", ");
        let title = if request.title.is_empty() {
            let word = if kind == ChartKind::Scatter {
                "against"
            } else {
                "by"
            };
            format!("{y_label} {word} {x_label}")
        } else {
            request.title.clone()
        };
        let title = clip(&title, 120);
        Ok(Self {
            kind,
            title,
            x_label,
            y_label,
            across,
            series,
            notes,
        })
    }
}

/// The column across; none numbers the rows.
fn choose_x<'t>(
    table: &'t Table,
    request: &ChartRequest,
) -> Result<Option<&'t Column>, ChartError> {
    if let Some(name) = &request.x {
        let x = column(table, name)?;
        if request.kind == ChartKind::Scatter && !(x.kind().is_number() || x.kind().is_time()) {
            return Err(wrong_kind(
                x,
                "a scatter chart needs numbers or dates across",
            ));
        }
        return Ok(Some(x));
    }
    let columns = || {
        table
            .columns()
            .iter()
            .filter(|c| !request.y.iter().any(|y| y == c.name()))
    };
    let first = |wanted: fn(Kind) -> bool| columns().find(|column| wanted(column.kind()));
    // One number is left for the y axis, unless that is spoken for.
    let numbers = columns().filter(|column| column.kind().is_number()).count();
    let spare = numbers > usize::from(request.y.is_empty());
    let number = first(Kind::is_number).filter(|_| spare);
    let time = first(Kind::is_time);
    if request.kind == ChartKind::Scatter {
        let nothing = ChartError::Nothing {
            reason: "a scatter chart needs two columns of numbers",
        };
        return number.or(time).ok_or(nothing).map(Some);
    }
    let name = first(|kind| matches!(kind, Kind::Text | Kind::Boolean));
    Ok(time.or(name).or(number))
}

fn choose_y<'t>(
    table: &'t Table,
    request: &ChartRequest,
    x: Option<&Column>,
) -> Result<Vec<&'t Column>, ChartError> {
    if request.y.is_empty() {
        let taken = |column: &Column| {
            x.is_some_and(|x| x.name() == column.name())
                || request.series.as_deref() == Some(column.name())
        };
        let first = table
            .columns()
            .iter()
            .find(|c| c.kind().is_number() && !taken(c));
        let nothing = ChartError::Nothing {
            reason: "there is no column of numbers",
        };
        return first.map(|first| vec![first]).ok_or(nothing);
    }
    let ys = request.y.iter().take(MAX_SERIES).map(|name| {
        let y = column(table, name)?;
        if y.kind().is_number() {
            Ok(y)
        } else {
            Err(wrong_kind(y, "the y axis needs numbers"))
        }
    });
    ys.collect()
}

fn wrong_kind(column: &Column, needed: &'static str) -> ChartError {
    let (name, kind) = (column.name().to_owned(), column.kind().name());
    ChartError::WrongKind { name, kind, needed }
}

fn label(cell: Cell<'_>) -> String {
    match cell {
        Cell::Missing => "(missing)".to_owned(),
        cell => clip(&cell.to_string(), 80),
    }
}

/// Where the rows lie along the x axis.
enum Places {
    Categories {
        names: Vec<String>,
        index: HashMap<String, usize>,
        sorted: bool,
    },
    Numbers,
    Time,
}

impl Places {
    fn of(kind: ChartKind, x: Option<&Column>, rows: usize) -> Self {
        let categories = |sorted| Self::Categories {
            names: Vec::new(),
            index: HashMap::with_capacity(rows.min(MAX_BARS)),
            sorted,
        };
        match (kind, x.map(Column::kind)) {
            // Numbers and dates as categories keep their own order.
            (ChartKind::Bar, Some(Kind::Text | Kind::Boolean)) => categories(false),
            (ChartKind::Bar, _) => categories(true),
            (_, None | Some(Kind::Integer | Kind::Float)) => Self::Numbers,
            (_, Some(Kind::Date | Kind::Timestamp)) => Self::Time,
            (_, Some(Kind::Text | Kind::Boolean)) => categories(false),
        }
    }

    fn place(&mut self, x: Option<&Column>, row: usize) -> Option<f64> {
        let cell = match x {
            Some(x) => x.cell(row),
            None => Cell::Integer(i64::try_from(row + 1).ok()?),
        };
        match self {
            Self::Numbers => cell.number(),
            Self::Time => match cell {
                Cell::Text(text) => Some(Moment::from_canonical(text)?.seconds()),
                _ => None,
            },
            Self::Categories { names, index, .. } => {
                let name = label(cell);
                let place = *index.entry(name.clone()).or_insert_with(|| {
                    names.push(name);
                    names.len() - 1
                });
                Some(place as f64)
            }
        }
    }

    /// Puts categories in order and drops those beyond the limit.
    fn finish(self, kind: ChartKind, series: &mut Vec<Series>, notes: &mut Vec<String>) -> Across {
        let (names, sorted) = match self {
            Self::Numbers => return Across::Numbers,
            Self::Time => return Across::Time,
            Self::Categories { names, sorted, .. } => (names, sorted),
        };
        let mut order: Vec<usize> = (0..names.len()).collect();
        let number = |place: &usize| names.get(*place).and_then(|name| name.parse::<f64>().ok());
        if sorted {
            order.sort_by(|a, b| match (number(a), number(b)) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => names.get(*a).cmp(&names.get(*b)),
            });
        }
        let limit = if kind == ChartKind::Bar {
            MAX_BARS
        } else {
            MAX_LINE_POINTS
        };
        if order.len() > limit {
            notes.push(format!(
                "The first {limit} of {} are shown.",
                counted(order.len(), "value")
            ));
            order.truncate(limit);
        }
        let mut moved = vec![None; names.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(place) = moved.get_mut(*old) {
                *place = Some(new as f64);
            }
        }
        for series in series.iter_mut() {
            series
                .points
                .retain_mut(|point| match moved.get(point.x as usize) {
                    Some(Some(place)) => {
                        point.x = *place;
                        true
                    }
                    _ => false,
                });
            series.points.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        series.retain(|series| !series.points.is_empty());
        Across::Categories(
            order
                .iter()
                .filter_map(|place| names.get(*place).cloned())
                .collect(),
        )
    }
}

/// Points by series, in the order in which the series appear.
#[derive(Default)]
struct Drafts {
    series: Vec<Series>,
    index: HashMap<String, usize>,
    points: usize,
}

impl Drafts {
    fn add(&mut self, name: String, point: Point) {
        self.points += 1;
        let place = *self.index.entry(name.clone()).or_insert(self.series.len());
        match self.series.get_mut(place) {
            Some(series) => series.points.push(point),
            None => self.series.push(Series {
                name,
                points: vec![point],
            }),
        }
    }

    fn into_series(self, notes: &mut Vec<String>) -> Vec<Series> {
        let mut series = self.series;
        if series.len() > MAX_SERIES {
            let all = grouped(series.len());
            notes.push(format!("The first {MAX_SERIES} of {all} series are shown."));
            series.truncate(MAX_SERIES);
        }
        series
    }
}

/// Sorts points and replaces those at one place by their average.
fn merge(series: &mut [Series], notes: &mut Vec<String>) {
    let mut merged = false;
    for series in series {
        series.points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let points = series
            .points
            .chunk_by(|a, b| a.x == b.x)
            .filter_map(|same| {
                merged |= same.len() > 1;
                // Divided first, so that the sum of large values stays finite.
                let mean = same.iter().map(|point| point.y / same.len() as f64).sum();
                same.first().map(|point| Point {
                    x: point.x,
                    y: if same.len() == 1 { point.y } else { mean },
                })
            });
        series.points = points.collect();
    }
    if merged {
        notes.push("Rows with the same x are shown as their average.".to_owned());
    }
}

/// Leaves out points: of a line, those between the highs and lows; else evenly.
fn thin_out(kind: ChartKind, series: &mut [Series], notes: &mut Vec<String>) {
    let limit = match kind {
        ChartKind::Scatter => MAX_SCATTER_POINTS,
        ChartKind::Line | ChartKind::Bar => MAX_LINE_POINTS,
    };
    let total: usize = series.iter().map(|series| series.points.len()).sum();
    let step = total.div_ceil(limit);
    if step <= 1 {
        return;
    }
    for series in series.iter_mut() {
        series.points = match kind {
            ChartKind::Scatter => series.points.iter().step_by(step).copied().collect(),
            ChartKind::Line | ChartKind::Bar => series
                .points
                .chunks(step * 2)
                .flat_map(low_and_high)
                .collect(),
        };
    }
    let shown: usize = series.iter().map(|series| series.points.len()).sum();
    notes.push(format!(
        "{} of {} are shown.",
        grouped(shown),
        counted(total, "point")
    ));
}

/// The lowest and the highest of some neighbours, in their order.
fn low_and_high(points: &[Point]) -> Vec<Point> {
    let low = points
        .iter()
        .copied()
        .reduce(|a, b| if b.y < a.y { b } else { a });
    let high = points
        .iter()
        .copied()
        .reduce(|a, b| if b.y > a.y { b } else { a });
    match (low, high) {
        (Some(low), Some(high)) if low == high => vec![low],
        (Some(low), Some(high)) if low.x <= high.x => vec![low, high],
        (Some(low), Some(high)) => vec![high, low],
        _ => Vec::new(),
    }
}

fn check(series: &[Series]) -> Result<(), ChartError> {
    // Beyond this, the difference of two values is not a number any more.
    const LARGEST: f64 = 1e300;
    let mut points = series.iter().flat_map(|series| &series.points).peekable();
    if points.peek().is_none() {
        return Err(ChartError::Nothing {
            reason: "no row has both values",
        });
    }
    if points.any(|point| point.x.abs() > LARGEST || point.y.abs() > LARGEST) {
        return Err(ChartError::Nothing {
            reason: "the values are too large",
        });
    }
    Ok(())
}
