//! What a question asks for.
//!
//! ```text
//! question  := profile | columns | rows | query | chart
//! profile   := "profile" | "describe" | "summary" | … [COLUMN …]
//! columns   := "columns" | "schema" | …
//! rows      := "head" | "preview" | ["first"] [N] "rows"
//! query     := ["top" N [COLUMN "by"]] measure {"and" measure} [groups]
//!            | "top" N ["rows"] "by" COLUMN
//!            | ("distinct" | "unique") COLUMN
//! chart     := ("bar" | "line" | "scatter" | …) ["chart" | "plot" | …] ["of"] query
//! measure   := AGGREGATE ["of"] COLUMN | COUNT ["of"] ["rows" | ["distinct"] COLUMN] | COLUMN
//! groups    := BY group {("and" | BY) group}
//! group     := COLUMN | "year" | "month" | "day"
//! AGGREGATE := "average" | "mean" | "sum" | "total" | "min" | "max" | "median" | …
//! BY        := "by" | "per" | "over" | "against" | "vs" | "for each" | …
//! ```
//!
//! Words of politeness are skipped. `year`, `month` and `day` take a date apart when no column is
//! called so.

use super::ChartKind;
use super::words::{BAR, CHART, LINE, SCATTER, Word, words};
use crate::analysis::table::Table;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// All columns if none is named.
    Profile {
        columns: Vec<String>,
    },
    Columns,
    Rows {
        count: usize,
    },
    Query(Sought),
    Chart {
        /// None if the words do not say.
        kind: Option<ChartKind>,
        sought: Sought,
    },
}

/// A query in the terms of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sought {
    pub(super) measures: Vec<Measure>,
    pub(super) groups: Vec<Group>,
    /// Only the largest.
    pub(super) top: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) aggregate: Option<Aggregate>,
    /// None counts rows.
    pub(super) column: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Average,
    Sum,
    Min,
    Max,
    Median,
    Count,
    CountDistinct,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Column(String),
    Part(Part),
}

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Month,
    Day,
}

const POLITE: [&str; 44] = [
    "please",
    "show",
    "me",
    "the",
    "a",
    "an",
    "give",
    "draw",
    "make",
    "create",
    "display",
    "what",
    "whats",
    "is",
    "are",
    "was",
    "were",
    "can",
    "could",
    "you",
    "i",
    "we",
    "want",
    "would",
    "like",
    "to",
    "see",
    "tell",
    "this",
    "that",
    "these",
    "my",
    "it",
    "its",
    "data",
    "dataset",
    "file",
    "table",
    "calculate",
    "compute",
    "find",
    "get",
    "s",
    "thanks",
];
const PROFILE: [&str; 14] = [
    "profile",
    "describe",
    "description",
    "summary",
    "summarize",
    "summarise",
    "overview",
    "statistics",
    "stats",
    "explore",
    "analyze",
    "analyse",
    "analysis",
    "info",
];
const SCHEMA: [&str; 8] = [
    "columns",
    "column",
    "schema",
    "fields",
    "structure",
    "headers",
    "header",
    "types",
];
const HEAD: [&str; 3] = ["head", "preview", "sample"];
const ROWS: [&str; 6] = ["rows", "row", "records", "record", "lines", "entries"];
const BY: [&str; 10] = [
    "by", "per", "over", "against", "vs", "versus", "across", "each", "every", "grouped",
];
const LINKS: [&str; 6] = ["of", "for", "in", "from", "on", "about"];

/// The first reading of a question, trying the newest table first.
pub(super) fn understand<'t>(question: &str, tables: &'t [Table]) -> Option<(&'t Table, Intent)> {
    tables.iter().rev().find_map(|table| {
        let words = words(question, table);
        Some((table, read(&words)?))
    })
}

/// The words of a question that mean nothing here.
pub(super) fn unknown_words(question: &str, table: &Table) -> Vec<String> {
    let known = |word: &Word| {
        word.column.is_some()
            || word.is_table
            || word.text.parse::<usize>().is_ok()
            || [
                &POLITE[..],
                &PROFILE,
                &SCHEMA,
                &HEAD,
                &ROWS,
                &BY,
                &LINKS,
                &BAR,
                &LINE,
                &SCATTER,
                &CHART,
            ]
            .iter()
            .any(|words| word.is(words))
            || aggregate(word).is_some()
            || part(word).is_some()
            || word.is(&[
                "and", "top", "first", "distinct", "unique", "how", "many", "as",
            ])
    };
    let unknown = words(question, table)
        .into_iter()
        .filter(|word| !known(word));
    unknown.map(|word| word.text).collect()
}

fn read(words: &[Word]) -> Option<Intent> {
    let kept: Vec<Word> = words
        .iter()
        .filter(|word| word.column.is_some() || !(word.is_table || word.is(&POLITE)))
        .cloned()
        .collect();
    let kept = without_stray_ands(kept);
    // What linked the table's name to the rest.
    let links_only = |words: &[Word]| words.iter().all(|word| word.is(&LINKS));
    if links_only(&kept) {
        return Some(Intent::Profile {
            columns: Vec::new(),
        });
    }
    profile(&kept)
        .or_else(|| schema(&kept))
        .or_else(|| rows(&kept))
        .or_else(|| chart(&kept))
        .or_else(|| {
            let mut reader = Reader {
                words: &kept,
                at: 0,
            };
            let sought = reader.sought()?;
            // A column without a measure is not a question.
            let measured =
                sought.top.is_some() || sought.measures.iter().any(|m| m.aggregate.is_some());
            (reader.at_end() && measured).then_some(Intent::Query(sought))
        })
}

/// Commas read as "and"; those around words that were skipped join nothing.
fn without_stray_ands(mut words: Vec<Word>) -> Vec<Word> {
    let is_and = |word: &Word| word.column.is_none() && word.is(&["and"]);
    words.dedup_by(|word, before| is_and(word) && is_and(before));
    if words.first().is_some_and(is_and) {
        words.remove(0);
    }
    if words.last().is_some_and(is_and) {
        words.pop();
    }
    words
}

fn profile(words: &[Word]) -> Option<Intent> {
    let asked = words
        .iter()
        .any(|word| word.column.is_none() && word.is(&PROFILE));
    let rest = || {
        words
            .iter()
            .filter(|word| !word.is(&PROFILE) || word.column.is_some())
    };
    let fits = rest().all(|word| {
        word.column.is_some() || word.is(&LINKS) || word.is(&["and", "columns", "column"])
    });
    let columns = rest().filter_map(|word| word.column.clone()).collect();
    (asked && fits).then_some(Intent::Profile { columns })
}

fn schema(words: &[Word]) -> Option<Intent> {
    const AROUND: [&str; 9] = [
        "and", "names", "name", "list", "which", "there", "does", "have", "column",
    ];
    let asked = words.iter().any(|word| word.is(&SCHEMA));
    let fits = words
        .iter()
        .all(|word| word.is(&SCHEMA) || word.is(&AROUND) || word.is(&LINKS));
    (asked && fits).then_some(Intent::Columns)
}

fn rows(words: &[Word]) -> Option<Intent> {
    const DEFAULT: usize = 10;
    const MOST: usize = 1_000;
    let count = words.iter().find_map(|word| word.text.parse().ok());
    let asked = words.iter().any(|word| word.is(&HEAD) || word.is(&ROWS))
        || matches!(words, [first, _] if first.is(&["first", "top"]) && count.is_some());
    let fits = words.iter().all(|word| {
        let number = word.text.parse::<usize>().is_ok();
        number
            || word.is(&HEAD)
            || word.is(&ROWS)
            || word.is(&["first", "top", "some", "few"])
            || word.is(&LINKS)
    });
    (asked && fits).then_some(Intent::Rows {
        count: count.unwrap_or(DEFAULT).clamp(1, MOST),
    })
}

fn chart(words: &[Word]) -> Option<Intent> {
    let is = |word: &Word, names: &[&str]| word.column.is_none() && word.is(names);
    let kind = words.iter().find_map(|word| {
        let kinds = [
            (&BAR[..], ChartKind::Bar),
            (&LINE, ChartKind::Line),
            (&SCATTER, ChartKind::Scatter),
        ];
        kinds
            .iter()
            .find(|(names, _)| is(word, names))
            .map(|(_, kind)| *kind)
    });
    if kind.is_none() && !words.iter().any(|word| is(word, &CHART)) {
        return None;
    }
    let rest: Vec<Word> = words
        .iter()
        .filter(|word| {
            !(is(word, &BAR)
                || is(word, &LINE)
                || is(word, &SCATTER)
                || is(word, &CHART)
                || is(word, &["as"]))
        })
        .cloned()
        .collect();
    let mut reader = Reader {
        words: &rest,
        at: 0,
    };
    reader.links();
    if reader.at_end() {
        return Some(Intent::Chart {
            kind,
            sought: Sought::default(),
        });
    }
    let sought = reader.sought()?;
    reader.links();
    reader.at_end().then_some(Intent::Chart { kind, sought })
}

/// Reads words from left to right.
struct Reader<'w> {
    words: &'w [Word],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn at_end(&self) -> bool {
        self.at >= self.words.len()
    }

    fn take(&mut self, words: &[&str]) -> bool {
        let found = self.peek().is_some_and(|word| word.is(words));
        self.at += usize::from(found);
        found
    }

    /// Skips words that only link; a column called so is not skipped.
    fn links(&mut self) {
        while self
            .peek()
            .is_some_and(|word| word.column.is_none() && word.is(&LINKS))
        {
            self.at += 1;
        }
    }

    fn column(&mut self) -> Option<String> {
        let column = self.peek()?.column.clone()?;
        self.at += 1;
        Some(column)
    }

    fn number(&mut self) -> Option<usize> {
        let number = self.peek()?.text.parse().ok()?;
        self.at += 1;
        Some(number)
    }

    fn sought(&mut self) -> Option<Sought> {
        if self.peek()?.is(&["top"]) {
            return self.top();
        }
        if self.peek()?.is(&["distinct", "unique"]) && self.peek()?.column.is_none() {
            self.at += 1;
            self.links();
            let group = Group::Column(self.column()?);
            let count = Measure {
                aggregate: Some(Aggregate::Count),
                column: None,
            };
            return Some(Sought {
                measures: vec![count],
                groups: vec![group],
                top: None,
            });
        }
        let mut measures = self.measures(None)?;
        while self.take(&["and"]) {
            // `average low and high` means the average of both.
            let before = measures.last().and_then(|measure| measure.aggregate);
            measures.extend(self.measures(before)?);
        }
        let groups = self.groups()?;
        Some(Sought {
            measures,
            groups,
            top: None,
        })
    }

    /// `top 5 rows by price`, `top 5 city by average price`
    fn top(&mut self) -> Option<Sought> {
        self.at += 1;
        let top = Some(self.number()?);
        let group = self.column();
        self.take(&ROWS);
        if !self.take(&["by"]) {
            return None;
        }
        let measure = self.measure(None)?;
        let groups: Vec<_> = group.into_iter().map(Group::Column).collect();
        Some(Sought {
            measures: vec![measure],
            groups,
            top,
        })
    }

    /// `average price`, or several aggregates of one column: `min and max price`
    fn measures(&mut self, before: Option<Aggregate>) -> Option<Vec<Measure>> {
        let mut aggregates = Vec::new();
        while let Some([first, and, second]) = self.words.get(self.at..self.at + 3)
            && let Some(first) = aggregate(first)
            && and.is(&["and"])
            && aggregate(second).is_some()
            && first != Aggregate::Count
        {
            aggregates.push(first);
            self.at += 2;
        }
        let last = self.measure(before)?;
        if last.column.is_none() && !aggregates.is_empty() {
            return None;
        }
        let of = |aggregate| Measure {
            aggregate: Some(aggregate),
            column: last.column.clone(),
        };
        let mut measures: Vec<_> = aggregates.into_iter().map(of).collect();
        measures.push(last);
        Some(measures)
    }

    fn measure(&mut self, before: Option<Aggregate>) -> Option<Measure> {
        let start = self.at;
        if self.take(&["how"]) {
            self.take(&["many"]).then_some(())?;
            return self.count();
        }
        let aggregate = self.peek().and_then(aggregate);
        if let Some(aggregate) = aggregate {
            self.at += 1;
            if matches!(aggregate, Aggregate::Count) {
                if let Some(count) = self.count_unless_column(start) {
                    return Some(count);
                }
            } else {
                self.links();
                if let Some(column) = self.column() {
                    return Some(Measure {
                        aggregate: Some(aggregate),
                        column: Some(column),
                    });
                }
            }
            // The word is the name of a column after all.
            self.at = start;
        }
        let column = self.column()?;
        Some(Measure {
            aggregate: before,
            column: Some(column),
        })
    }

    /// A count, unless the word for it is itself a column and nothing to count follows.
    fn count_unless_column(&mut self, start: usize) -> Option<Measure> {
        let is_column = self
            .words
            .get(start)
            .is_some_and(|word| word.column.is_some());
        let before = self.at;
        let count = self.count();
        let counted = count.as_ref().is_some_and(|c| c.column.is_some()) || self.at > before;
        if is_column && !counted { None } else { count }
    }

    /// What follows `count`: rows, a column, or nothing.
    fn count(&mut self) -> Option<Measure> {
        self.links();
        if self.take(&ROWS) {
            self.take(&["there"]);
            return Some(Measure {
                aggregate: Some(Aggregate::Count),
                column: None,
            });
        }
        let distinct = self.take(&["distinct", "unique", "different"]);
        let column = self.column();
        self.take(&["there"]);
        let aggregate = if distinct {
            Aggregate::CountDistinct
        } else {
            Aggregate::Count
        };
        (!distinct || column.is_some()).then_some(Measure {
            aggregate: Some(aggregate),
            column,
        })
    }

    fn groups(&mut self) -> Option<Vec<Group>> {
        let mut groups = Vec::new();
        while !self.at_end() {
            let linked = if groups.is_empty() {
                self.by()
            } else {
                self.take(&["and"]) || self.by()
            };
            if !linked {
                // Links may end a question: `… by city in` the table, whose name was skipped.
                self.links();
                return self.at_end().then_some(groups);
            }
            groups.push(self.group()?);
        }
        Some(groups)
    }

    fn by(&mut self) -> bool {
        let start = self.at;
        self.links();
        let mut found = false;
        while self.peek().is_some_and(|word| word.column.is_none()) && self.take(&BY) {
            found = true;
        }
        if !found {
            self.at = start;
        }
        found
    }

    fn group(&mut self) -> Option<Group> {
        if let Some(column) = self.column() {
            return Some(Group::Column(column));
        }
        let part = part(self.peek()?)?;
        self.at += 1;
        Some(Group::Part(part))
    }
}

fn aggregate(word: &Word) -> Option<Aggregate> {
    Some(match word.text.as_str() {
        "average" | "avg" | "mean" | "averages" => Aggregate::Average,
        "sum" | "total" | "sums" | "totals" => Aggregate::Sum,
        "min" | "minimum" | "lowest" | "smallest" | "earliest" => Aggregate::Min,
        "max" | "maximum" | "highest" | "largest" | "biggest" | "latest" => Aggregate::Max,
        "median" => Aggregate::Median,
        "count" | "number" | "counts" => Aggregate::Count,
        _ => return None,
    })
}

fn part(word: &Word) -> Option<Part> {
    Some(match word.text.as_str() {
        "year" | "years" => Part::Year,
        "month" | "months" => Part::Month,
        "day" | "days" => Part::Day,
        _ => return None,
    })
}
