//! Charts as SVG.
//!
//! The SVG is written here rather than by `plotters`: that crate places everything on whole pixels,
//! guesses the width of text from its bytes, knows neither slanted labels nor tooltips, and says
//! nothing to a screen reader, while what is needed of it (scales and ticks) is small. Text from the
//! table passes one function that escapes it; the chart holds no script, style sheet or reference.
//! The same table and request give the same bytes.

mod axis;
mod paint;
mod plan;
mod scale;
mod svg;

use schemars::JsonSchema;
use serde::Deserialize;

use super::nearest::nearest;
use super::sql::quoted;
use super::table::{Column, Table};
use plan::Plan;

/// The most categories of a bar chart; of several series, the most bars are this times the series.
pub const MAX_BARS: usize = 60;
/// The most points of a line chart. Of more, the highs and lows are kept.
pub const MAX_LINE_POINTS: usize = 2_000;
/// The most points of a scatter chart. More are thinned out evenly.
pub const MAX_SCATTER_POINTS: usize = 3_000;
/// The most lines, or colours, of a chart.
pub const MAX_SERIES: usize = 8;

/// What a chart looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChartKind {
    /// One bar per category.
    Bar,
    /// Values over time, or in order.
    Line,
    /// Two numbers against each other.
    Scatter,
}

impl ChartKind {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::Line => "line",
            Self::Scatter => "scatter",
        }
    }
}

/// What to draw. Columns that are not named are chosen: the first date or text for x (the first
/// number in a scatter chart), the first other number for y.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartRequest {
    /// What it looks like.
    pub kind: ChartKind,
    /// The column across.
    pub x: Option<String>,
    /// The columns upwards; several make several series.
    pub y: Vec<String>,
    /// The column whose values tell the series apart.
    pub series: Option<String>,
    /// The heading; made from the columns when empty.
    pub title: String,
}

impl ChartRequest {
    /// A chart of columns still to be chosen.
    pub fn new(kind: ChartKind) -> Self {
        Self {
            kind,
            x: None,
            y: Vec::new(),
            series: None,
            title: String::new(),
        }
    }
}

/// A chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The heading.
    pub title: String,
    /// A complete `image/svg+xml` document.
    pub svg: String,
    /// Sentences on what was left out or merged.
    pub notes: Vec<String>,
}

/// A chart that cannot be drawn, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// A column that does not exist.
    #[error("There is no column `{name}` to draw.{advice}")]
    UnknownColumn {
        /// The column.
        name: String,
        /// What exists.
        advice: String,
    },
    /// A column of the wrong kind.
    #[error("The column {name} is {kind}, but {needed}.")]
    WrongKind {
        /// The column.
        name: String,
        /// Its kind.
        kind: &'static str,
        /// What is needed in its place.
        needed: &'static str,
    },
    /// No columns to choose.
    #[error("There is nothing to draw: {reason}.")]
    Nothing {
        /// What is missing.
        reason: &'static str,
    },
}

/// Draws a table or the result of a query.
///
/// # Errors
///
/// When a column does not exist or cannot be drawn, and when there are no values.
pub fn draw(table: &Table, request: &ChartRequest) -> Result<Chart, ChartError> {
    let plan = Plan::of(table, request)?;
    let svg = paint::paint(&plan);
    Ok(Chart {
        title: plan.title,
        svg,
        notes: plan.notes,
    })
}

fn column<'t>(table: &'t Table, name: &str) -> Result<&'t Column, ChartError> {
    table.column(name).ok_or_else(|| {
        let names = || table.columns().iter().map(Column::name);
        let advice = match nearest(name, names()) {
            Some(meant) => format!(" Did you mean {}?", quoted(meant)),
            None => {
                let names: Vec<_> = names().take(40).map(quoted).collect();
                format!(" The columns are {}.", names.join(", "))
            }
        };
        ChartError::UnknownColumn {
            name: super::table::clip(name, 80),
            advice,
        }
    })
}

#[cfg(test)]
mod tests;
