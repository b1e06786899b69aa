//! What was done for an answer.

use serde_json::Value;

use crate::analysis::answer::Answer;
use crate::analysis::chart::Chart;

/// Statements that are remembered; a loop of calls has its own limit elsewhere.
const MAX_STATEMENTS: usize = 50;

/// A statement that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whose dialect it is in.
    pub engine: &'static str,
    /// The statement.
    pub sql: String,
}

/// What was done for an answer, from which it is built.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// The statements that gave rows, in their order, each once.
    pub statements: Vec<Statement>,
    /// The rows of the last of them: `{"columns", "rows", "rowCount", "truncated"}`.
    pub table: Option<Value>,
    /// The charts, in their order.
    pub charts: Vec<Chart>,
}

impl Work {
    pub(super) fn ran(&mut self, engine: &'static str, sql: &str) {
        let statement = Statement {
            engine,
            sql: sql.trim().trim_end_matches(';').trim_end().to_owned(),
        };
        // The last one is at the end, also when it was run before.
        self.statements.retain(|known| *known != statement);
        if self.statements.len() < MAX_STATEMENTS {
            self.statements.push(statement);
        }
    }

    /// The statements as a block of Markdown that follows the model's words; none when none was run.
    pub fn sql_used(&self) -> Option<String> {
        if self.statements.is_empty() {
            return None;
        }
        let mut text = String::from("\n\n**SQL used**\n");
        for statement in &self.statements {
            let fence = fence(&statement.sql);
            text.push_str(&format!(
                "\n{fence}sql\n-- {}\n{}\n{fence}\n",
                statement.engine, statement.sql
            ));
        }
        Some(text)
    }

    /// The answer: the model's words, and what was done to find them.
    pub fn answer(&self, said: &str) -> Answer {
        let mut text = said.trim_end().to_owned();
        if let Some(sql) = self.sql_used() {
            text.push_str(&sql);
        }
        let statements: Vec<_> = self.statements.iter().map(|s| s.sql.as_str()).collect();
        let chart = self.charts.last();
        Answer {
            title: chart.map_or_else(|| "Answer".to_owned(), |chart| chart.title.clone()),
            text,
            table: self.table.clone(),
            svg: chart.map(|chart| chart.svg.clone()),
            sql: (!statements.is_empty()).then(|| statements.join(";\n\n")),
        }
    }
}

/// A fence that the text inside does not close.
fn fence(text: &str) -> &'static str {
    if text.contains("```") { "~~~~" } else { "```" }
}
