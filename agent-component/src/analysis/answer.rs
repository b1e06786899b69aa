//! A question answered without a model.
//!
//! What is understood: SQL; `profile`; `columns`; `first 10 rows`; `how many rows`; and a small
//! grammar of measures, groups and charts ([`grammar`]) that is translated into SQL, which the answer
//! shows. The grammar is strict: a word that it does not know makes the question not understood,
//! because an answer that silently ignores "in 2005" is worse than none.

mod grammar;
mod help;
mod translate;
mod words;

use serde_json::Value;

use super::chart::{Chart, ChartKind, ChartRequest, draw};
use super::number::counted;
use super::profile::Profile;
use super::sql::{QueryResult, find, query};
use super::table::{Kind, Table};
use grammar::Intent;

/// Rows of a result that are shown in the text; the JSON has them all.
const TEXT_ROWS: usize = 20;

/// What is known about a question, in the forms that a client may accept.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// A heading.
    pub title: String,
    /// The answer for people, in Markdown.
    pub text: String,
    /// The answer for programs: a profile, or `{"columns", "rows", …}`.
    pub table: Option<Value>,
    /// The answer as a chart: a complete `image/svg+xml` document.
    pub svg: Option<String>,
    /// The query that was run.
    pub sql: Option<String>,
}

/// Why there is no answer. Each is a text for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no table yet: ask for one.
    #[error("{0}")]
    NeedTable(String),
    /// The question is not understood: ask for another.
    #[error("{0}")]
    NeedQuestionDetail(String),
    /// The question is understood, and cannot be answered.
    #[error("{0}")]
    Failed(String),
}

/// Answers a question about tables, the newest of which is the last. An empty question asks for a
/// profile.
///
/// # Errors
///
/// [`Problem`] says whether to ask for a table, to ask for another question, or to give up.
pub fn answer(question: &str, tables: &[Table]) -> Result<Answer, Problem> {
    let Some(newest) = tables.last() else {
        return Err(Problem::NeedTable(help::need_table()));
    };
    if let Some(found) = find(question) {
        let around = format!(
            "{} {}",
            question.get(..found.range.start).unwrap_or_default(),
            question.get(found.range.end..).unwrap_or_default()
        );
        return run(&found.sql, &around, tables);
    }
    let Some((table, intent)) = grammar::understand(question, tables) else {
        return Err(Problem::NeedQuestionDetail(help::not_understood(
            question, newest,
        )));
    };
    match intent {
        Intent::Profile { columns } => {
            // Without a name, a profile is about everything there is.
            let named = tables.len() == 1 || !columns.is_empty() || words::names(question, table);
            let all = if named {
                std::slice::from_ref(table)
            } else {
                tables
            };
            Ok(profile(all, &columns))
        }
        Intent::Columns => Ok(columns(table)),
        Intent::Rows { count } => Ok(rows(table, count)),
        Intent::Query(sought) => {
            let translated = translate::query(table, &sought).map_err(Problem::Failed)?;
            let result = query(&translated.sql, tables).map_err(failed)?;
            Ok(of_result(&result, translated.title, translated.sql, None))
        }
        Intent::Chart { kind, sought } => {
            let translated = translate::chart(table, kind, &sought).map_err(Problem::Failed)?;
            let result = query(&translated.sql, tables).map_err(failed)?;
            // A cloud of points is drawn from all rows, not from the first of them.
            let cut = result.truncated && translated.request.kind == ChartKind::Scatter;
            let drawn = if cut { table } else { &result.table };
            let chart = draw(drawn, &translated.request).map_err(failed)?;
            Ok(of_result(
                &result,
                translated.request.title,
                translated.sql,
                Some(chart),
            ))
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Problem {
    Problem::Failed(error.to_string())
}

/// SQL from the message, and a chart if the words around it ask for one.
fn run(sql: &str, around: &str, tables: &[Table]) -> Result<Answer, Problem> {
    let result = query(sql, tables).map_err(failed)?;
    present(&result, sql, around)
}

/// The rows of a query as an answer, and a chart if the words around the query ask for one.
///
/// # Errors
///
/// [`Problem::Failed`], when the chart that they ask for cannot be drawn.
pub fn present(result: &QueryResult, sql: &str, around: &str) -> Result<Answer, Problem> {
    let chart = match words::chart_kind(around) {
        None => None,
        Some(kind) => {
            let kind = kind.unwrap_or_else(|| fitting(&result.table));
            Some(draw(&result.table, &ChartRequest::new(kind)).map_err(failed)?)
        }
    };
    let title = chart
        .as_ref()
        .map_or_else(|| "Query result".to_owned(), |c| c.title.clone());
    Ok(of_result(result, title, sql.to_owned(), chart))
}

/// The kind of chart for a result when none is asked for.
fn fitting(table: &Table) -> ChartKind {
    let has = |wanted: fn(Kind) -> bool| table.columns().iter().any(|c| wanted(c.kind()));
    match (has(Kind::is_time), has(|kind| kind == Kind::Text)) {
        (true, _) | (false, false) => ChartKind::Line,
        (false, true) => ChartKind::Bar,
    }
}

fn of_result(result: &QueryResult, title: String, sql: String, chart: Option<Chart>) -> Answer {
    let mut text = format!("**{title}**\n\n{}", result.to_text(TEXT_ROWS));
    for note in chart.iter().flat_map(|chart| &chart.notes) {
        text.push_str(&format!("\n{note}\n"));
    }
    text.push_str(&format!("\n```sql\n{}\n```\n", sql.trim()));
    let svg = chart.map(|chart| chart.svg);
    Answer {
        title,
        text,
        table: Some(result.to_json()),
        svg,
        sql: Some(sql),
    }
}

fn profile(tables: &[Table], columns: &[String]) -> Answer {
    let mut profiles: Vec<_> = tables.iter().map(Profile::of).collect();
    if !columns.is_empty() {
        for profile in &mut profiles {
            profile
                .columns
                .retain(|column| columns.contains(&column.name));
        }
    }
    let texts: Vec<_> = profiles.iter().map(Profile::to_string).collect();
    let names: Vec<_> = profiles
        .iter()
        .map(|profile| profile.table.as_str())
        .collect();
    let title = format!("Profile of {}", names.join(", "));
    let table = match profiles.as_slice() {
        [only] => only.to_json(),
        several => several.iter().map(Profile::to_json).collect(),
    };
    Answer {
        title,
        text: texts.join("\n"),
        table: Some(table),
        svg: None,
        sql: None,
    }
}

fn columns(table: &Table) -> Answer {
    let lines: Vec<_> = table
        .columns()
        .iter()
        .map(|column| format!("- {} ({})", column.name(), column.kind().name()))
        .collect();
    let rows: Vec<_> = table
        .columns()
        .iter()
        .map(|column| serde_json::json!([column.name(), column.kind().name()]))
        .collect();
    let count = counted(lines.len(), "column");
    Answer {
        title: format!("Columns of {}", table.name()),
        text: format!(
            "Table `{}` has {count}:\n\n{}\n",
            table.name(),
            lines.join("\n")
        ),
        table: Some(serde_json::json!({
            "columns": ["column", "type"], "rowCount": rows.len(), "rows": rows,
        })),
        svg: None,
        sql: None,
    }
}

fn rows(table: &Table, count: usize) -> Answer {
    let shown = count.min(table.rows());
    let title = format!("First {} of {}", counted(shown, "row"), table.name());
    let text = format!("**{title}**\n\n{}", table.to_text(count));
    Answer {
        title,
        text,
        table: Some(table.to_json(count)),
        svg: None,
        sql: None,
    }
}

#[cfg(test)]
mod tests;
