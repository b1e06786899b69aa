//! What a model does with the tables of a conversation.
//!
//! A model calls these functions as its tools. Each takes arguments that the model wrote and gives
//! JSON that is small enough to be read by it, with a note on what was left out, or a sentence on
//! why it cannot, from which the model can do better. What was done is kept ([`Work`]): the answer
//! shows it, whatever the model says of it.

mod arguments;
mod bounds;
mod instructions;
mod work;

use std::cell::RefCell;

use serde_json::{Value, json};

use super::chart::{ChartRequest, draw};
use super::nearest::nearest;
use super::number::counted;
use super::profile::Profile;
use super::sql::{query, quoted};
use super::table::{Table, clip, unique};
pub use arguments::{DrawChart, ListTables, ProfileTable, RunSql};
pub use bounds::{MAX_TOOL_BYTES, MAX_TOOL_ROWS};
pub use instructions::{Offer, instructions};
pub use work::{Statement, Work};

/// Rows that show what a table looks like.
const SAMPLE_ROWS: usize = 3;
/// Charts of one answer.
const MAX_CHARTS: usize = 4;
/// Results of elsewhere that are kept as tables for one answer.
const MAX_KEPT: usize = 8;
/// What a statement over the tables of the conversation ran on.
const HERE: &str = "SQLite";

/// The tables, and what was done with them. One for each answer; its functions may be called in any
/// order and take turns, since none of them waits.
#[derive(Debug, Default)]
pub struct Workbench {
    tables: RefCell<Vec<Table>>,
    /// How many of them came from elsewhere.
    kept: RefCell<usize>,
    work: RefCell<Work>,
}

impl Workbench {
    /// With the tables of a conversation, the newest of which is the last.
    pub fn new(tables: Vec<Table>) -> Self {
        Self {
            tables: RefCell::new(tables),
            ..Self::default()
        }
    }

    /// What was done so far.
    pub fn work(&self) -> Work {
        self.work.borrow().clone()
    }

    /// The tables: names, sizes, columns with their types, and some rows.
    pub fn list_tables(&self) -> Value {
        let tables = self.tables.borrow();
        if tables.is_empty() {
            return json!({ "tables": [], "note": "The user has sent no table yet." });
        }
        let room = MAX_TOOL_BYTES / tables.len();
        let listed: Vec<_> = tables
            .iter()
            .map(|table| bounds::described(table, SAMPLE_ROWS, room))
            .collect();
        json!({ "tables": listed })
    }

    /// What is in each column of a table.
    ///
    /// # Errors
    ///
    /// When there is no such table or column.
    pub fn profile_table(&self, asked: &ProfileTable) -> Result<Value, String> {
        let tables = self.tables.borrow();
        let table = find(&tables, asked.table.as_deref())?;
        let mut profile = Profile::of(table);
        for name in &asked.columns {
            if table.column(name).is_none() {
                return Err(unknown_column(table, name));
            }
        }
        if !asked.columns.is_empty() {
            let wanted = |name: &str| asked.columns.iter().any(|c| c.eq_ignore_ascii_case(name));
            profile.columns.retain(|column| wanted(&column.name));
        }
        Ok(bounds::profile(profile.to_json()))
    }

    /// The rows of one `SELECT`.
    ///
    /// # Errors
    ///
    /// For anything but one `SELECT`, for names that do not exist, and for queries that take too long.
    pub fn run_sql(&self, asked: &RunSql) -> Result<Value, String> {
        let result = query(&asked.sql, &self.tables.borrow()).map_err(|error| error.to_string())?;
        let shown = bounds::rows(&result.table, result.truncated);
        let mut work = self.work.borrow_mut();
        work.ran(HERE, &asked.sql);
        work.table = Some(result.to_json());
        Ok(shown)
    }

    /// Draws a table or the result of a query, for the user to see. The model learns what is in it.
    ///
    /// # Errors
    ///
    /// When there is no such table or column, or nothing to draw, and for queries that fail.
    pub fn draw_chart(&self, asked: &DrawChart) -> Result<Value, String> {
        if self.work.borrow().charts.len() >= MAX_CHARTS {
            return Err(format!(
                "An answer has at most {MAX_CHARTS} charts. Say what is still missing in words."
            ));
        }
        let request = ChartRequest {
            kind: asked.kind,
            x: asked.x.clone(),
            y: asked.y.clone(),
            series: asked.series.clone(),
            title: asked.title.as_deref().unwrap_or_default().to_owned(),
        };
        let tables = self.tables.borrow();
        let (chart, rows) = match asked.sql.as_deref().map(str::trim) {
            Some(sql) if !sql.is_empty() => {
                let result = query(sql, &tables).map_err(|error| error.to_string())?;
                let chart = draw(&result.table, &request).map_err(|error| error.to_string())?;
                let mut work = self.work.borrow_mut();
                work.ran(HERE, sql);
                work.table = Some(result.to_json());
                (chart, result.table.rows())
            }
            _ => {
                let table = find(&tables, asked.table.as_deref())?;
                let chart = draw(table, &request).map_err(|error| error.to_string())?;
                (chart, table.rows())
            }
        };
        let note = format!(
            "A {} chart of {} was drawn. The user sees it beside your answer where the client shows \
             images; do not describe its code.",
            asked.kind.name(),
            counted(rows, "row")
        );
        let told = json!({ "title": chart.title, "note": note, "left_out": chart.notes });
        self.work.borrow_mut().charts.push(chart);
        Ok(told)
    }

    /// Takes the result of a query that ran elsewhere, so that it can be drawn and queried further.
    /// Gives what the model is told: the rows, and the name of the table that they are now.
    pub fn take_result(
        &self,
        engine: &'static str,
        sql: &str,
        result: &Table,
        truncated: bool,
    ) -> Value {
        let mut shown = bounds::rows(result, truncated);
        let mut kept = self.kept.borrow_mut();
        let mut work = self.work.borrow_mut();
        work.ran(engine, sql);
        let mut all = result.to_json(usize::MAX);
        if let Value::Object(members) = &mut all {
            members.insert("truncated".to_owned(), json!(truncated));
        }
        work.table = Some(all);
        if *kept < MAX_KEPT {
            *kept += 1;
            let mut tables = self.tables.borrow_mut();
            let base = format!("{}{kept}", engine.to_ascii_lowercase());
            let name = unique(tables.iter().map(Table::name).chain([base.as_str()])).pop();
            let name = name.unwrap_or(base);
            tables.push(result.clone().renamed(&name));
            if let Value::Object(members) = &mut shown {
                members.insert("table".to_owned(), json!(name));
            }
        }
        shown
    }
}

/// The table of this name; without one, the newest.
fn find<'t>(tables: &'t [Table], name: Option<&str>) -> Result<&'t Table, String> {
    let names = || tables.iter().map(Table::name);
    let Some(newest) = tables.last() else {
        return Err("The user has sent no table yet.".to_owned());
    };
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(newest);
    };
    let bare = name.trim_matches(['"', '`', '[', ']']);
    let found = tables
        .iter()
        .find(|table| table.name().eq_ignore_ascii_case(bare));
    found.ok_or_else(|| {
        let meant = nearest(bare, names()).map_or_else(String::new, |meant| {
            format!(" Did you mean {}?", quoted(meant))
        });
        let all: Vec<_> = names().map(quoted).collect();
        format!(
            "There is no table `{}`.{meant} The tables are {}.",
            clip(bare, 80),
            all.join(", ")
        )
    })
}

fn unknown_column(table: &Table, name: &str) -> String {
    let names = || table.columns().iter().map(|column| column.name());
    let meant = nearest(name, names()).map_or_else(String::new, |meant| {
        format!(" Did you mean {}?", quoted(meant))
    });
    let all: Vec<_> = names().take(40).map(quoted).collect();
    format!(
        "There is no column `{}` in {}.{meant} The columns are {}.",
        clip(name, 80),
        table.name(),
        all.join(", ")
    )
}

#[cfg(test)]
mod tests;
