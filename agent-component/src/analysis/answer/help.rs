//! What can be asked, with the names of the table at hand.

use std::collections::HashSet;

use super::grammar::unknown_words;
use crate::analysis::nearest::nearest;
use crate::analysis::sql::quoted;
use crate::analysis::table::{Cell, Column, Kind, Table, clip};

pub(super) fn need_table() -> String {
    "Send me a table first: a CSV or JSON file, a link to one, or its lines in the message. \
     With a question I answer it; without one I describe the table."
        .to_owned()
}

pub(super) fn not_understood(question: &str, table: &Table) -> String {
    let mut text = format!("I do not understand “{}”.", clip(question.trim(), 200));
    let unknown = unknown_words(question, table);
    if !unknown.is_empty() {
        let listed: Vec<_> = unknown.iter().take(5).map(|word| clip(word, 40)).collect();
        text.push_str(&format!(
            " These words mean nothing to me: {}.",
            listed.join(", ")
        ));
        let names = || table.columns().iter().map(Column::name);
        if let Some(meant) = unknown.iter().find_map(|word| nearest(word, names())) {
            text.push_str(&format!(" Did you mean {meant}?"));
        }
    }
    text.push_str(
        " Without a language model I answer, for example:\n\n- `profile`\n- `first 10 rows`\n",
    );
    for example in examples(table) {
        text.push_str(&format!("- `{example}`\n"));
    }
    const LISTED: usize = 40;
    let mut columns: Vec<_> = table
        .columns()
        .iter()
        .take(LISTED)
        .map(|c| format!("{} ({})", c.name(), c.kind().name()))
        .collect();
    if table.columns().len() > LISTED {
        columns.push("…".to_owned());
    }
    text.push_str(&format!(
        "\nThe columns of {} are {}.",
        table.name(),
        columns.join(", ")
    ));
    text
}

/// Questions that this table can answer.
fn examples(table: &Table) -> Vec<String> {
    let columns = table.columns();
    let number = columns.iter().find(|column| column.kind() == Kind::Float);
    let number = number.or_else(|| columns.iter().find(|column| column.kind().is_number()));
    let group = columns.iter().find(|column| is_category(column));
    let group = group.or_else(|| columns.iter().find(|column| column.kind() == Kind::Text));
    let time = columns.iter().find(|column| column.kind().is_time());
    let from = quoted(table.name());
    match (
        number.map(Column::name),
        group.map(Column::name),
        time.map(Column::name),
    ) {
        (Some(number), Some(group), time) => {
            let (n, g) = (quoted(number), quoted(group));
            let mut examples = vec![
                format!("average {number} by {group}"),
                format!("bar chart of {number} by {group}"),
                format!("SELECT {g}, AVG({n}) FROM {from} GROUP BY {g}"),
            ];
            examples.extend(time.map(|time| format!("line chart of {number} by {time}")));
            examples
        }
        (Some(number), None, time) => {
            let n = quoted(number);
            let mut examples = vec![
                format!("average {number}"),
                format!("SELECT AVG({n}), MAX({n}) FROM {from}"),
            ];
            examples.extend(time.map(|time| format!("line chart of {number} by {time}")));
            examples
        }
        (None, Some(group), _) => {
            let g = quoted(group);
            vec![
                format!("count by {group}"),
                format!("bar chart of {group}"),
                format!("SELECT {g}, COUNT(*) FROM {from} GROUP BY {g}"),
            ]
        }
        (None, None, _) => vec![format!("SELECT COUNT(*) FROM {from}")],
    }
}

/// Text whose values repeat.
fn is_category(column: &Column) -> bool {
    const FEW: usize = 30;
    if column.kind() != Kind::Text {
        return false;
    }
    let mut values = HashSet::new();
    for cell in column.cells() {
        if let Cell::Text(text) = cell {
            values.insert(text);
        }
        if values.len() > FEW {
            return false;
        }
    }
    values.len() > 1 && values.len() < column.len()
}
