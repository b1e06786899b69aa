//! What there is to ask: data sets, tables and their columns, as a model reads them.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::arguments::{Describe, ListDatasets};
use super::client::{BigQuery, escaped, merge, shortened, unreadable};
use super::error::BigQueryError;
use super::settings::sized;
use super::transport::Transport;
use super::wire::{DatasetEntry, Page, Table, TableEntry};

/// Entries of a listing that are told.
const MAX_LISTED: usize = 200;
/// Columns of a table that are told.
const MAX_COLUMNS: usize = 300;
/// How many pages of a listing are read.
const PAGES: usize = 5;

impl<T: Transport> BigQuery<T> {
    /// The data sets of the project, or the tables of one, as a model reads them.
    ///
    /// # Errors
    /// [`BigQueryError`].
    pub async fn list(&self, asked: &ListDatasets) -> Result<Value, BigQueryError> {
        let dataset = asked.dataset.as_deref().map(str::trim);
        match dataset.filter(|name| !name.is_empty()) {
            None => self.datasets().await,
            Some(name) => self.tables(name).await,
        }
    }

    async fn datasets(&self) -> Result<Value, BigQueryError> {
        let url = format!("{}/datasets", self.project());
        let told = |entry: &DatasetEntry| {
            let reference = &entry.dataset_reference;
            json!({
                "dataset": format!("{}.{}", reference.project_id, reference.dataset_id),
                "location": entry.location,
                "name": entry.friendly_name,
            })
        };
        let (rows, cut) = self.listed(&url, told).await?;
        let mut json = json!({ "datasets": rows });
        let begin_with = &self.settings().datasets;
        if !begin_with.is_empty() {
            merge(&mut json, "begin_with", json!(begin_with));
        }
        if cut {
            let note = "There are more data sets than are listed.";
            merge(&mut json, "note", json!(note));
        }
        Ok(json)
    }

    async fn tables(&self, dataset: &str) -> Result<Value, BigQueryError> {
        let parts = self.parts(dataset, 2)?;
        let [project, dataset] = parts.as_slice() else {
            return Err(unreadable(dataset));
        };
        let url = format!(
            "{}/bigquery/v2/projects/{}/datasets/{}/tables",
            self.settings().base_url,
            escaped(project),
            escaped(dataset)
        );
        let told = |entry: &TableEntry| {
            let table = &entry.table_reference;
            json!({
                "table": format!("{}.{}.{}", table.project_id, table.dataset_id, table.table_id),
                "type": entry.kind,
                "name": entry.friendly_name,
            })
        };
        let (rows, cut) = self.listed(&url, told).await?;
        let mut json = json!({ "tables": rows });
        if cut {
            let note = "There are more tables than are listed.";
            merge(&mut json, "note", json!(note));
        }
        Ok(json)
    }

    /// The entries of a listing, and whether there are more.
    async fn listed<E: DeserializeOwned + Default>(
        &self,
        url: &str,
        told: impl Fn(&E) -> Value,
    ) -> Result<(Vec<Value>, bool), BigQueryError> {
        let (mut listed, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut url = format!("{url}?maxResults={MAX_LISTED}");
            if let Some(page) = &next {
                url.push_str(&format!("&pageToken={}", escaped(page)));
            }
            let page: Page<E> = self.call(Method::GET, &url, None).await?;
            listed.extend(page.entries.iter().map(&told));
            next = page.next_page_token;
            if next.is_none() || listed.len() >= MAX_LISTED {
                break;
            }
        }
        let cut = next.is_some() || listed.len() > MAX_LISTED;
        listed.truncate(MAX_LISTED);
        Ok((listed, cut))
    }

    /// The columns of a table, as a model reads them.
    ///
    /// # Errors
    /// [`BigQueryError`].
    pub async fn describe(&self, asked: &Describe) -> Result<Value, BigQueryError> {
        let parts = self.parts(&asked.table, 3)?;
        let [project, dataset, table] = parts.as_slice() else {
            return Err(unreadable(&asked.table));
        };
        let url = format!(
            "{}/bigquery/v2/projects/{}/datasets/{}/tables/{}",
            self.settings().base_url,
            escaped(project),
            escaped(dataset),
            escaped(table)
        );
        let found: Table = self.call(Method::GET, &url, None).await?;
        let columns: Vec<_> = found
            .schema
            .fields
            .iter()
            .take(MAX_COLUMNS)
            .map(|field| {
                let mut column = json!({ "name": field.name, "type": field.spelled() });
                if let Some(text) = &field.description {
                    merge(&mut column, "description", json!(shortened(text)));
                }
                column
            })
            .collect();
        let mut json = json!({
            "table": format!("{project}.{dataset}.{table}"),
            "type": found.kind,
            "rows": found.num_rows,
            "size": found.num_bytes.and_then(|b| b.parse().ok()).map(sized),
            "columns": columns,
        });
        if let Some(text) = &found.description {
            merge(&mut json, "description", json!(shortened(text)));
        }
        for (name, value) in [
            ("time_partitioning", found.time_partitioning),
            ("range_partitioning", found.range_partitioning),
            ("clustering", found.clustering),
            (
                "require_partition_filter",
                found.require_partition_filter.map(Value::from),
            ),
        ] {
            if let Some(value) = value {
                merge(&mut json, name, value);
            }
        }
        if found.schema.fields.len() > MAX_COLUMNS {
            merge(
                &mut json,
                "note",
                json!(format!("Only {MAX_COLUMNS} columns are listed.")),
            );
        }
        Ok(json)
    }
}
