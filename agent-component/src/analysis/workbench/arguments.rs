//! What a model writes when it calls.
//!
//! The comments are what it reads of them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::analysis::chart::ChartKind;

/// Lists the tables of this conversation: their names, columns with types, numbers of rows, and a few
/// rows as a sample. Call it before anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct ListTables {}

/// Describes the columns of a table: missing and distinct values; of numbers the minimum, quartiles,
/// maximum, mean and standard deviation; of dates the range; of text the most frequent values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProfileTable {
    /// The table's name. Without it, the newest table.
    pub table: Option<String>,
    /// The columns to describe. Without it, all of them.
    #[serde(deserialize_with = "several")]
    #[schemars(with = "Vec<String>")]
    pub columns: Vec<String>,
}

/// Runs one SELECT statement in SQLite's dialect over the tables of this conversation, and gives its
/// rows (200 at most: aggregate, or use LIMIT). Integers divide to integers; take dates apart with
/// strftime('%Y', day); MEDIAN(x), STDDEV(x) and PERCENTILE(x, 90) exist. Put names that are not plain
/// words in double quotes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct RunSql {
    /// The statement.
    pub sql: String,
}

/// Draws a chart for the user from a table or, better, from the rows of a SELECT statement. It gives
/// no numbers: run the same statement with run_sql for what you want to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct DrawChart {
    /// What it looks like: bar for categories, line over time, scatter for two numbers.
    pub kind: ChartKind,
    /// The table to draw, when there is no statement. Without both, the newest table.
    #[serde(default)]
    pub table: Option<String>,
    /// A SELECT statement whose rows are drawn, such as one row for each bar.
    #[serde(default)]
    pub sql: Option<String>,
    /// The column across.
    #[serde(default)]
    pub x: Option<String>,
    /// The columns upwards, which are numbers.
    #[serde(default, deserialize_with = "several")]
    #[schemars(with = "Vec<String>")]
    pub y: Vec<String>,
    /// The column whose values tell several lines or colours apart.
    #[serde(default)]
    pub series: Option<String>,
    /// The heading, in the user's language.
    #[serde(default)]
    pub title: Option<String>,
}

/// Models write one name where a list of names is wanted, and null for none.
fn several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        None(()),
        One(String),
        Several(Vec<String>),
    }
    Ok(match Names::deserialize(from)? {
        Names::None(()) => Vec::new(),
        Names::One(name) => vec![name],
        Names::Several(names) => names,
    })
}
