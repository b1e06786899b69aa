//! What a model writes when it calls. The comments are what it reads of them.

use schemars::JsonSchema;
use serde::Deserialize;

/// Lists BigQuery's data sets that the user may see; with a data set, its tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListDatasets {
    /// `dataset` or `project.dataset`. Without it, the data sets are listed.
    pub dataset: Option<String>,
}

/// Describes a table of BigQuery: its columns with types and descriptions, partitions, rows and bytes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Describe {
    /// `dataset.table` or `project.dataset.table`.
    pub table: String,
}

/// Runs one SELECT statement in GoogleSQL on BigQuery, with the user's permissions, and gives its rows.
/// Its cost is what it reads: name the columns that you need and filter on partitions; a LIMIT makes it
/// no cheaper. What would read more than the limit is refused and says so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Query {
    /// The statement. Tables are written as `project.dataset.table` in backquotes.
    pub sql: String,
}
