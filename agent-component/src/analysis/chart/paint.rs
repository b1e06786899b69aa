//! A plan on paper.

use super::ChartKind;
use super::axis::{Frame, HEIGHT, WIDTH};
use super::plan::{Across, Plan, Point, Series};
use super::svg::{Anchor, Style, Svg};
use crate::analysis::moment::Moment;
use crate::analysis::number::{counted, readable};

/// Colours that stay apart for the colour-blind (after Okabe and Ito).
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#5f6b6d",
];
/// More marks than this get no tooltips, which are most of their size.
const MAX_TIPS: usize = 500;

pub(super) fn paint(plan: &Plan) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT, &plan.title, &description(plan));
    let heading = Style {
        anchor: Anchor::Start,
        size: 16,
        bold: true,
        turned: 0,
    };
    svg.text((24.0, 30.0), heading, &plan.title, 80);
    let top = legend(&mut svg, plan);
    let frame = Frame::of(plan, top);
    frame.paint(&mut svg, plan);
    let points: usize = plan.series.iter().map(|series| series.points.len()).sum();
    for (index, series) in plan.series.iter().enumerate() {
        let marks = Marks {
            plan,
            frame: &frame,
            series,
            index,
            tips: points <= MAX_TIPS,
        };
        match plan.kind {
            ChartKind::Bar => marks.bars(&mut svg),
            ChartKind::Line => marks.line(&mut svg),
            ChartKind::Scatter => marks.dots(&mut svg),
        }
    }
    svg.finish()
}

fn colour(index: usize) -> &'static str {
    COLOURS
        .get(index % COLOURS.len())
        .copied()
        .unwrap_or("#0072b2")
}

fn description(plan: &Plan) -> String {
    let points: usize = plan.series.iter().map(|series| series.points.len()).sum();
    let mut text = format!(
        "A {} chart of {} by {} with {}.",
        plan.kind.name(),
        plan.y_label,
        plan.x_label,
        counted(points, "value")
    );
    for note in &plan.notes {
        text.push(' ');
        text.push_str(note);
    }
    text
}

/// Names the series, if there are several. Returns where the drawing may begin.
fn legend(svg: &mut Svg, plan: &Plan) -> f64 {
    const NAME: usize = 22;
    if plan.series.len() < 2 {
        return 52.0;
    }
    let style = Style {
        anchor: Anchor::Start,
        size: 12,
        bold: false,
        turned: 0,
    };
    let (mut x, mut y) = (24.0, 54.0);
    for (index, series) in plan.series.iter().enumerate() {
        let width = 34.0 + series.name.chars().count().min(NAME) as f64 * 7.0;
        if x + width > WIDTH - 24.0 {
            (x, y) = (24.0, y + 18.0);
        }
        svg.rect((x, y - 10.0), (11.0, 11.0), colour(index), "");
        svg.text((x + 16.0, y), style, &series.name, NAME);
        x += width;
    }
    y + 18.0
}

/// The marks of one series.
struct Marks<'p> {
    plan: &'p Plan,
    frame: &'p Frame,
    series: &'p Series,
    index: usize,
    tips: bool,
}

impl Marks<'_> {
    fn bars(&self, svg: &mut Svg) {
        let slot = self.frame.x.at(1.0) - self.frame.x.at(0.0);
        let width = slot * 0.8 / self.plan.series.len().max(1) as f64;
        let zero = self.frame.y.at(0.0);
        for point in &self.series.points {
            let left = self.frame.x.at(point.x) - slot * 0.4 + width * self.index as f64;
            let end = self.frame.y.at(point.y);
            let (top, height) = (end.min(zero), (end - zero).abs());
            svg.rect(
                (left, top),
                (width * 0.96, height),
                colour(self.index),
                &self.tip(point),
            );
        }
    }

    fn line(&self, svg: &mut Svg) {
        // With few points each one matters; with many they would hide the line.
        const DOTS: usize = 60;
        svg.path(
            self.series.points.iter().map(|point| self.at(point)),
            colour(self.index),
        );
        if self.series.points.len() <= DOTS {
            self.dots(svg);
        }
    }

    fn dots(&self, svg: &mut Svg) {
        for point in &self.series.points {
            svg.dot(self.at(point), colour(self.index), &self.tip(point));
        }
    }

    fn at(&self, point: &Point) -> (f64, f64) {
        (self.frame.x.at(point.x), self.frame.y.at(point.y))
    }

    fn tip(&self, point: &Point) -> String {
        if !self.tips {
            return String::new();
        }
        let x = match &self.plan.across {
            Across::Numbers => readable(point.x),
            Across::Time => {
                let moment = Moment::from_seconds(point.x.floor() as i64);
                moment.spell(moment.shortest())
            }
            Across::Categories(names) => names.get(point.x as usize).cloned().unwrap_or_default(),
        };
        let series = if self.plan.series.len() > 1 {
            format!("{}, ", self.series.name)
        } else {
            String::new()
        };
        format!("{series}{x}: {}", readable(point.y))
    }
}
