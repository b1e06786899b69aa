//! The words of a question, with the names of columns recognised.

use super::ChartKind;
use crate::analysis::table::{Table, matching_key};

/// A word, or several that are the name of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case.
    pub(super) text: String,
    /// The column that it names, in its own spelling.
    pub(super) column: Option<String>,
    /// It names the table.
    pub(super) is_table: bool,
}

impl Word {
    pub(super) fn is(&self, words: &[&str]) -> bool {
        words.contains(&self.text.as_str())
    }
}

/// Splits a question into words and finds the names of the table and its columns in it.
///
/// `miles per gallon` and `MilesPerGallon` both name the column `Miles_per_Gallon`. Of several ways to
/// read a name, the longest counts.
pub(super) fn words(question: &str, table: &Table) -> Vec<Word> {
    // Names of more words than this are typed as SQL.
    const LONGEST: usize = 10;
    let columns: Vec<(String, &str)> = table
        .columns()
        .iter()
        .map(|column| (matching_key(column.name()), column.name()))
        .filter(|(key, _)| !key.is_empty())
        .collect();
    let table_key = matching_key(table.name());
    let parts = parts(question);
    let mut words = Vec::with_capacity(parts.len());
    let mut at = 0;
    while at < parts.len() {
        let matched = (1..=LONGEST.min(parts.len() - at))
            .rev()
            .find_map(|length| {
                let span = parts.get(at..at + length)?;
                let key: String = span.iter().map(|part| part.text.as_str()).collect();
                let quoted = span.first().is_some_and(|part| part.quoted);
                let column = column(&columns, &key, quoted);
                let is_table = key == table_key;
                (column.is_some() || is_table).then(|| {
                    (
                        length,
                        Word {
                            text: key,
                            column: column.map(Into::into),
                            is_table,
                        },
                    )
                })
            });
        let Some(part) = parts.get(at) else { break };
        let (length, word) = matched.unwrap_or_else(|| {
            (
                1,
                Word {
                    text: part.text.clone(),
                    column: None,
                    is_table: false,
                },
            )
        });
        words.push(word);
        at += length;
    }
    words
}

fn column<'c>(columns: &[(String, &'c str)], key: &str, quoted: bool) -> Option<&'c str> {
    // Columns called like these must be quoted to be meant.
    const COMMON: [&str; 8] = ["a", "i", "of", "by", "per", "the", "and", "in"];
    if COMMON.contains(&key) && !quoted {
        return None;
    }
    let find = |wanted: &str| {
        columns
            .iter()
            .find(|(key, _)| key == wanted)
            .map(|(_, name)| *name)
    };
    find(key).or_else(|| {
        // `prices` for `price`, and the other way round. Shorter words are too often something else.
        let singular = key.strip_suffix('s').filter(|singular| singular.len() > 2);
        singular.and_then(find).or_else(|| {
            if key.len() > 2 {
                find(&format!("{key}s"))
            } else {
                None
            }
        })
    })
}

struct Part {
    text: String,
    /// It follows a quotation mark.
    quoted: bool,
}

fn parts(question: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let (mut open, mut before) = (false, ' ');
    for character in question.chars() {
        if character.is_alphanumeric() {
            if !open {
                let quoted = matches!(before, '"' | '\'' | '`' | '[' | '“' | '‘' | '«');
                parts.push(Part {
                    text: String::new(),
                    quoted,
                });
            }
            if let Some(part) = parts.last_mut() {
                part.text.extend(character.to_lowercase());
            }
        } else if matches!(character, ',' | '&' | '+') {
            // A list.
            parts.push(Part {
                text: "and".to_owned(),
                quoted: false,
            });
        }
        open = character.is_alphanumeric();
        before = character;
    }
    parts
}

/// True when the question names the table.
pub(super) fn names(question: &str, table: &Table) -> bool {
    words(question, table).iter().any(|word| word.is_table)
}

/// Words that ask for a chart.
pub(super) const BAR: [&str; 5] = ["bar", "bars", "barchart", "barplot", "bargraph"];
pub(super) const LINE: [&str; 5] = ["line", "lines", "linechart", "lineplot", "linegraph"];
pub(super) const SCATTER: [&str; 4] = ["scatter", "scatterplot", "scatterchart", "scattergraph"];
pub(super) const CHART: [&str; 9] = [
    "chart",
    "charts",
    "plot",
    "plots",
    "graph",
    "graphs",
    "diagram",
    "visualize",
    "visualise",
];

/// Whether text asks for a chart, and of which kind if it says.
pub(super) fn chart_kind(text: &str) -> Option<Option<ChartKind>> {
    let parts = parts(text);
    let any = |words: &[&str]| parts.iter().any(|part| words.contains(&part.text.as_str()));
    if any(&BAR) {
        Some(Some(ChartKind::Bar))
    } else if any(&LINE) {
        Some(Some(ChartKind::Line))
    } else if any(&SCATTER) {
        Some(Some(ChartKind::Scatter))
    } else {
        any(&CHART).then_some(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Source;

    #[test]
    fn names_of_columns_are_found_however_they_are_typed() {
        let source = Source {
            bytes: b"Miles_per_Gallon,US Gross,price,per,n\n1,2,3,4,5\n".to_vec(),
            ..Source::default()
        };
        let table = Table::read(&source, "cars").unwrap();
        let columns = |question: &str| -> Vec<String> {
            words(question, &table)
                .into_iter()
                .filter_map(|word| word.column)
                .collect()
        };
        assert_eq!(
            columns("average miles per gallon by US gross"),
            ["Miles_per_Gallon", "US Gross"]
        );
        assert_eq!(
            columns("MilesPerGallon, miles_per_gallon"),
            ["Miles_per_Gallon"; 2]
        );
        assert_eq!(columns("prices per \"per\""), ["price", "per"]);
        assert_eq!(columns("not in sight"), Vec::<String>::new());
        assert!(names("profile Cars!", &table));
    }

    #[test]
    fn charts_are_asked_for() {
        assert_eq!(
            chart_kind("as a Bar chart, please"),
            Some(Some(ChartKind::Bar))
        );
        assert_eq!(chart_kind("scatter-plot"), Some(Some(ChartKind::Scatter)));
        assert_eq!(chart_kind("plot it"), Some(None));
        assert_eq!(chart_kind("run this"), None);
    }
}
