//! The parts of BigQuery's JSON that are read. 64-bit numbers are strings in it.

use serde::Deserialize;
use serde_json::Value;

/// What a query answers, and what asking for its result does.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryResponse {
    pub(super) job_complete: bool,
    pub(super) job_reference: Option<JobReference>,
    pub(super) schema: Option<Schema>,
    pub(super) rows: Vec<Value>,
    pub(super) page_token: Option<String>,
    pub(super) total_rows: Option<String>,
    pub(super) total_bytes_processed: Option<String>,
}

/// Which job it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct JobReference {
    pub(super) project_id: String,
    pub(super) job_id: String,
    pub(super) location: Option<String>,
}

/// A job, after a dry run.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Job {
    pub(super) statistics: Statistics,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Statistics {
    pub(super) total_bytes_processed: Option<String>,
    pub(super) query: Option<QueryStatistics>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryStatistics {
    pub(super) statement_type: Option<String>,
    pub(super) total_bytes_processed: Option<String>,
}

/// The columns of a result or a table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Schema {
    pub(super) fields: Vec<Field>,
}

/// A column.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Field {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) mode: Option<String>,
    pub(super) description: Option<String>,
    pub(super) fields: Vec<Field>,
}

impl Field {
    pub(super) fn is_repeated(&self) -> bool {
        self.mode.as_deref() == Some("REPEATED")
    }

    /// The type as GoogleSQL writes it.
    pub(super) fn spelled(&self) -> String {
        let kind = match self.kind.as_str() {
            "INTEGER" => "INT64",
            "FLOAT" => "FLOAT64",
            "BOOLEAN" => "BOOL",
            "RECORD" => "STRUCT",
            other => other,
        };
        let kind = if self.fields.is_empty() {
            kind.to_owned()
        } else {
            let fields: Vec<_> = self
                .fields
                .iter()
                .map(|field| format!("{} {}", field.name, field.spelled()))
                .collect();
            format!("{kind}<{}>", fields.join(", "))
        };
        if self.is_repeated() {
            format!("ARRAY<{kind}>")
        } else {
            kind
        }
    }
}

/// A page of a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Page<E> {
    #[serde(alias = "datasets", alias = "tables")]
    pub(super) entries: Vec<E>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DatasetEntry {
    pub(super) dataset_reference: DatasetReference,
    pub(super) friendly_name: Option<String>,
    pub(super) location: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DatasetReference {
    pub(super) project_id: String,
    pub(super) dataset_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TableEntry {
    pub(super) table_reference: TableReference,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) friendly_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TableReference {
    pub(super) project_id: String,
    pub(super) dataset_id: String,
    pub(super) table_id: String,
}

/// A table.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Table {
    pub(super) schema: Schema,
    pub(super) description: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) num_rows: Option<String>,
    pub(super) num_bytes: Option<String>,
    pub(super) time_partitioning: Option<Value>,
    pub(super) range_partitioning: Option<Value>,
    pub(super) clustering: Option<Value>,
    pub(super) require_partition_filter: Option<bool>,
}

/// `{"error": {…}}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorStatus {
    pub(super) message: String,
    pub(super) errors: Vec<ErrorReason>,
    pub(super) details: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorReason {
    pub(super) reason: String,
}
