//! What is shown of a check.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::requirements::all;
use super::verdict::{Level, Row, Verdict};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WEAK: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();

/// All rows, and what they come to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    target: String,
    specification: &'static str,
    passes: bool,
    passed: usize,
    failed_must: usize,
    failed_should: usize,
    failed_may: usize,
    skipped: usize,
    checks: Vec<Row>,
    #[serde(skip)]
    all: bool,
}

impl Report {
    /// With `strict` a SHOULD counts like a MUST; with `all` what passed is shown too.
    pub(crate) fn new(target: String, checks: Vec<Row>, strict: bool, all: bool) -> Self {
        let count = |is: &dyn Fn(&Row) -> bool| checks.iter().filter(|row| is(row)).count();
        let failed = |level| count(&|row| row.verdict == Verdict::Failed && row.level == level);
        let (failed_must, failed_should) = (failed(Level::Must), failed(Level::Should));
        Self {
            target,
            specification: "1.0.1",
            passes: failed_must == 0 && (!strict || failed_should == 0),
            passed: count(&|row| row.verdict == Verdict::Passed),
            failed_must,
            failed_should,
            failed_may: failed(Level::May),
            skipped: count(&|row| row.verdict == Verdict::Skipped),
            checks,
            all,
        }
    }

    /// Whether the agent may be deployed.
    pub(crate) fn passes(&self) -> bool {
        self.passes
    }

    /// A table of what failed, or of everything.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        let shown: Vec<_> = self
            .checks
            .iter()
            .filter(|row| self.all || row.verdict == Verdict::Failed)
            .collect();
        let width = |of: &dyn Fn(&Row) -> usize| shown.iter().map(|row| of(row)).max().unwrap_or(0);
        let (ids, sections) = (width(&|row| row.id.len()), width(&|row| row.section.len()));
        for row in &shown {
            let (style, word) = match (row.verdict, row.level) {
                (Verdict::Passed, _) => (GOOD, "passed"),
                (Verdict::Skipped, _) => (DIM, "skipped"),
                (Verdict::Failed, Level::Must) => (BAD, "FAILED"),
                (Verdict::Failed, _) => (WEAK, "failed"),
            };
            let binding = row.binding.unwrap_or("");
            let _ = writeln!(
                text,
                "{style}{word:<7}{style:#}  {:<6}  {:<ids$}  {binding:<9}  § {:<sections$}  {}",
                row.level.word(),
                row.id,
                row.section,
                row.requirement,
            );
            let because = if row.verdict == Verdict::Skipped {
                "because "
            } else {
                ""
            };
            let _ = writeln!(text, "{:9}{DIM}{because}{}{DIM:#}", "", clean(&row.seen));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let (style, word) = if self.passes {
            (GOOD, "passes")
        } else {
            (BAD, "does not pass")
        };
        let _ = write!(
            text,
            "{} {style}{word}{style:#}: {} passed, {} of MUST failed, {} of SHOULD, {} of MAY; {} skipped",
            self.target,
            self.passed,
            self.failed_must,
            self.failed_should,
            self.failed_may,
            self.skipped
        );
        text
    }
}

/// Every requirement there is, for `--list`.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    id: &'static str,
    section: &'static str,
    level: Level,
    requirement: &'static str,
    kit: &'static [&'static str],
}

impl Listed {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        all()
            .map(|one| Self {
                id: one.id,
                section: one.section,
                level: one.level,
                requirement: one.says,
                kit: one.kit,
            })
            .collect()
    }

    /// In a line.
    pub(crate) fn shown(&self) -> String {
        format!(
            "{:<28}  {:<6}  § {:<6}  {}",
            self.id,
            self.level.word(),
            self.section,
            self.requirement
        )
    }
}

/// Others wrote what was seen.
fn clean(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(400)
        .collect();
    text.trim_end().to_owned()
}
