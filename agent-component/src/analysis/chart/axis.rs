//! The frame of a chart: how much room labels need, and the labels.

use super::ChartKind;
use super::plan::{Across, Plan};
use super::scale::{Scale, Tick, extent, numbers, times};
use super::svg::{Anchor, Style, Svg};

pub(super) const WIDTH: f64 = 760.0;
pub(super) const HEIGHT: f64 = 460.0;
/// The width of a character of 11 pixels, on average.
const CHARACTER: f64 = 6.2;
const LABEL: Style = Style {
    anchor: Anchor::Middle,
    size: 11,
    bold: false,
    turned: 0,
};
/// Longer labels of categories are cut.
const CATEGORY: usize = 18;
const GRID: &str = "#e3e3e3";
const AXIS: &str = "#8c8c8c";

/// Where everything is.
pub(super) struct Frame {
    pub(super) x: Scale,
    pub(super) y: Scale,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    /// Labels of categories that do not fit side by side.
    slanted: bool,
}

impl Frame {
    /// `top` is where the drawing begins, under title and legend.
    pub(super) fn of(plan: &Plan, top: f64) -> Self {
        let points = || plan.series.iter().flat_map(|series| &series.points);
        let (mut low, mut high) = extent(points().map(|point| point.y));
        if plan.kind == ChartKind::Bar {
            // The length of a bar is its value.
            (low, high) = extent(points().map(|point| point.y).chain([0.0]));
            if points().all(|point| point.y >= 0.0) {
                low = 0.0;
            }
        } else {
            let room = (high - low) * 0.05;
            // Zero is shown when it is near.
            let near_zero = low >= 0.0 && low < high * 0.25;
            (low, high) = (if near_zero { 0.0 } else { low - room }, high + room);
        }
        let y_ticks = numbers(low, high, 8, points().all(|point| point.y.fract() == 0.0));
        if let (ChartKind::Bar, Some(last)) = (plan.kind, y_ticks.last()) {
            high = high.max(last.value);
        }
        let y_width = y_ticks
            .iter()
            .map(|tick| tick.label.chars().count())
            .max()
            .unwrap_or(1);
        let left = 44.0 + y_width as f64 * CHARACTER;
        let right = WIDTH - 24.0;
        let (x, x_ticks, slanted) = across(plan, left, right);
        let longest = x_ticks
            .iter()
            .map(|tick| tick.label.chars().count())
            .max()
            .unwrap_or(0);
        let labels = if slanted {
            longest.min(CATEGORY) as f64 * CHARACTER * 0.6 + 14.0
        } else {
            20.0
        };
        let bottom = HEIGHT - labels - 30.0;
        let y = Scale {
            min: low,
            max: high,
            start: bottom,
            end: top,
        };
        Self {
            x,
            y,
            x_ticks,
            y_ticks,
            slanted,
        }
    }

    /// Draws the axes behind the marks.
    pub(super) fn paint(&self, svg: &mut Svg, plan: &Plan) {
        let (left, right, bottom) = (self.x.start, self.x.end, self.y.start);
        for tick in &self.y_ticks {
            let y = self.y.at(tick.value);
            svg.line(
                (left, y),
                (right, y),
                if tick.value == 0.0 { AXIS } else { GRID },
            );
            let style = Style {
                anchor: Anchor::End,
                ..LABEL
            };
            svg.text((left - 8.0, y + 4.0), style, &tick.label, 24);
        }
        svg.line((left, bottom), (right, bottom), AXIS);
        for tick in &self.x_ticks {
            let x = self.x.at(tick.value);
            svg.line((x, bottom), (x, bottom + 4.0), AXIS);
            if self.slanted {
                let style = Style {
                    anchor: Anchor::End,
                    turned: -35,
                    ..LABEL
                };
                svg.text((x + 4.0, bottom + 16.0), style, &tick.label, CATEGORY);
            } else {
                svg.text((x, bottom + 18.0), LABEL, &tick.label, CATEGORY);
            }
        }
        let names = Style { size: 12, ..LABEL };
        svg.text(
            ((left + right) / 2.0, HEIGHT - 10.0),
            names,
            &plan.x_label,
            80,
        );
        let middle = (self.y.start + self.y.end) / 2.0;
        svg.text(
            (16.0, middle),
            Style {
                turned: -90,
                ..names
            },
            &plan.y_label,
            50,
        );
    }
}

/// The x axis: its scale, its ticks, and whether their labels are slanted.
fn across(plan: &Plan, left: f64, right: f64) -> (Scale, Vec<Tick>, bool) {
    let points = || plan.series.iter().flat_map(|series| &series.points);
    let ticks = |min, max| match plan.across {
        Across::Time => times(min, max, 9),
        _ => numbers(min, max, 10, points().all(|point| point.x.fract() == 0.0)),
    };
    let names = match &plan.across {
        Across::Categories(names) => names,
        Across::Numbers | Across::Time => {
            let (low, high) = extent(points().map(|point| point.x));
            let room = if plan.kind == ChartKind::Scatter {
                (high - low) * 0.03
            } else {
                0.0
            };
            let scale = Scale {
                min: low - room,
                max: high + room,
                start: left,
                end: right,
            };
            return (scale, ticks(low, high), false);
        }
    };
    let scale = Scale {
        min: -0.5,
        max: names.len().max(1) as f64 - 0.5,
        start: left,
        end: right,
    };
    let room = (right - left) / names.len().max(1) as f64;
    let longest = names
        .iter()
        .map(|name| name.chars().count().min(CATEGORY))
        .max()
        .unwrap_or(0);
    let slanted = (longest + 1) as f64 * CHARACTER > room;
    // Slanted labels need the height of a line between them; where there is less, some are left out.
    let every = if slanted {
        (21.0 / room).ceil().max(1.0) as usize
    } else {
        1
    };
    let ticks = names.iter().enumerate().step_by(every);
    let ticks = ticks.map(|(place, name)| Tick {
        value: place as f64,
        label: name.clone(),
    });
    (scale, ticks.collect(), slanted)
}
