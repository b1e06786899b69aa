//! The client.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use http::{Method, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{BigQueryError, Judged};
use super::job::Running;
use super::rows::Reading;
use super::settings::{Settings, is_name, sized};
use super::statement::single_query;
use super::transport::{Transport, TransportError};
use super::wire::{Job, QueryResponse};
use crate::analysis;

/// How often a request is made that may succeed later.
const ATTEMPTS: u32 = 4;
/// Before the second attempt; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long BigQuery holds the request that begins a query: shortly, because only its answer names the job
/// that is to be cancelled if the query is given up.
const HELD_AT_FIRST: Duration = Duration::from_secs(2);
/// How long BigQuery holds a request for a query to end.
const HELD: Duration = Duration::from_secs(10);
/// How long a query may take: so many times [`HELD`], about.
const WAITS: u64 = 12;
/// Rows of a page.
const PAGE_ROWS: usize = 2_000;

/// BigQuery over a transport.
#[derive(Debug)]
pub struct BigQuery<T> {
    settings: Settings,
    transport: T,
}

/// What a query gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// The rows, as a table called `result`.
    pub table: analysis::Table,
    /// There were more than a result may have.
    pub truncated: bool,
    /// How many there are.
    pub total: Option<u64>,
    /// The statement that ran.
    pub sql: String,
    /// What it read, in bytes.
    pub bytes: u64,
}

impl<T: Transport> BigQuery<T> {
    /// With what the deployment says.
    pub fn new(settings: Settings, transport: T) -> Self {
        Self {
            settings,
            transport,
        }
    }

    /// What the deployment says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The limit of a query, in words.
    pub fn limit(&self) -> String {
        sized(self.settings.max_bytes)
    }

    /// Runs one `SELECT`, if it reads no more than the limit. Dropping the future cancels the query.
    ///
    /// # Errors
    /// [`BigQueryError`].
    pub async fn query(&self, sql: &str) -> Result<Rows, BigQueryError> {
        let sql = single_query(sql).map_err(BigQueryError::Refused)?;
        let bytes = self.dry_run(sql).await?;
        let limit = self.settings.max_bytes;
        if bytes > limit {
            return Err(BigQueryError::TooMuch { bytes, limit });
        }
        let mut body = json!({
            "query": sql,
            "useLegacySql": false,
            "maximumBytesBilled": limit.to_string(),
            "timeoutMs": HELD_AT_FIRST.as_millis() as u64,
            "jobTimeoutMs": (HELD.as_millis() as u64 * WAITS).to_string(),
            "maxResults": PAGE_ROWS,
            // The same request sent twice is one job.
            "requestId": request_id(),
            "labels": { "agent": "attache" },
            "formatOptions": { "useInt64Timestamp": true },
        });
        self.place(&mut body);
        let url = format!("{}/queries", self.project());
        let answer: QueryResponse = self.call(Method::POST, &url, Some(&body)).await?;
        self.read(sql, bytes, answer).await
    }

    /// What the query would read, in bytes. It must be a query: the dry run is a job rather than a query
    /// because a job says what kind of statement it is.
    async fn dry_run(&self, sql: &str) -> Result<u64, BigQueryError> {
        let mut body = json!({ "configuration": {
            "dryRun": true,
            "query": { "query": sql, "useLegacySql": false },
        } });
        if let Some(location) = &self.settings.location {
            let project = &self.settings.project;
            merge(
                &mut body,
                "jobReference",
                json!({ "projectId": project, "location": location }),
            );
        }
        let url = format!("{}/jobs", self.project());
        let job: Job = self.call(Method::POST, &url, Some(&body)).await?;
        let query = job.statistics.query.unwrap_or_default();
        match query.statement_type.as_deref() {
            Some("SELECT") => {}
            Some(other) => {
                return Err(BigQueryError::Refused(format!(
                    "I only read, and this is a statement of the kind {other}: send one SELECT statement."
                )));
            }
            None => {
                return Err(BigQueryError::Unavailable(
                    "its dry run does not say what kind of statement this is.".to_owned(),
                ));
            }
        }
        let bytes = job.statistics.total_bytes_processed;
        let bytes = bytes.or(query.total_bytes_processed);
        bytes.and_then(|bytes| bytes.parse().ok()).ok_or_else(|| {
            BigQueryError::Unavailable(
                "its dry run does not say how much would be read.".to_owned(),
            )
        })
    }

    /// Waits for the end of a query and reads its pages.
    async fn read(
        &self,
        sql: &str,
        estimated: u64,
        mut answer: QueryResponse,
    ) -> Result<Rows, BigQueryError> {
        let job = answer.job_reference.clone();
        let (place, results) = match &job {
            Some(job) => self.of_job(&job.project_id, &job.job_id, job.location.as_deref()),
            None => (String::new(), String::new()),
        };
        let running = (!place.is_empty()).then(|| Running::new(&self.transport, place));
        let ask = async |page: Option<&str>| {
            let mut url = results.clone();
            if url.is_empty() {
                return Err(BigQueryError::Unavailable("it names no job.".to_owned()));
            }
            if let Some(page) = page {
                url.push_str(&format!("&pageToken={}", escaped(page)));
            }
            self.call::<QueryResponse>(Method::GET, &url, None).await
        };
        let mut waits = 0;
        while !answer.job_complete {
            waits += 1;
            if waits > WAITS {
                return Err(BigQueryError::TooSlow(HELD.as_secs() * WAITS));
            }
            answer = ask(None).await?;
        }
        if let Some(running) = running {
            running.ended();
        }
        let bytes = answer.total_bytes_processed.as_deref();
        let bytes = bytes.and_then(|b| b.parse().ok()).unwrap_or(estimated);
        let total = answer.total_rows.as_deref().and_then(|t| t.parse().ok());
        let schema = answer.schema.take().unwrap_or_default();
        let mut reading = Reading::of(schema);
        let mut all = reading.add(&answer.rows);
        while let (true, Some(page)) = (all, answer.page_token.take()) {
            answer = ask(Some(&page)).await?;
            all = reading.add(&answer.rows);
        }
        Ok(Rows {
            table: reading.finish(),
            truncated: !all,
            total,
            sql: sql.to_owned(),
            bytes,
        })
    }

    /// The parts of a name, with the project of the deployment where it has none.
    pub(super) fn parts(&self, name: &str, wanted: usize) -> Result<Vec<String>, BigQueryError> {
        let bare = name.trim().replace('`', "");
        // The project of an organisation has a colon and dots in its id.
        let (domain, rest) = match bare.split_once(':') {
            Some((domain, rest)) => (Some(domain.to_owned()), rest.to_owned()),
            None => (None, bare),
        };
        let mut parts: Vec<String> = rest.split('.').map(str::to_owned).collect();
        if let (Some(domain), Some(first)) = (domain, parts.first_mut()) {
            *first = format!("{domain}:{first}");
        }
        if parts.len() + 1 == wanted {
            parts.insert(0, self.settings.project.clone());
        }
        let good = parts.len() == wanted && parts.iter().all(|part| is_name(part, ":.-_$@ "));
        if good {
            Ok(parts)
        } else {
            Err(unreadable(name))
        }
    }

    pub(super) fn project(&self) -> String {
        format!(
            "{}/bigquery/v2/projects/{}",
            self.settings.base_url,
            escaped(&self.settings.project)
        )
    }

    /// Where a job is cancelled, and where its rows are.
    fn of_job(&self, project: &str, job: &str, location: Option<&str>) -> (String, String) {
        let place = format!(
            "{}/bigquery/v2/projects/{}",
            self.settings.base_url,
            escaped(project)
        );
        let job = escaped(job);
        let location = location.or(self.settings.location.as_deref());
        let location = location.map(escaped);
        let cancel = match &location {
            Some(location) => format!("{place}/jobs/{job}/cancel?location={location}"),
            None => format!("{place}/jobs/{job}/cancel"),
        };
        let mut results = format!(
            "{place}/queries/{job}?maxResults={PAGE_ROWS}&timeoutMs={}&\
             formatOptions.useInt64Timestamp=true",
            HELD.as_millis()
        );
        if let Some(location) = &location {
            results.push_str(&format!("&location={location}"));
        }
        (cancel, results)
    }

    fn place(&self, body: &mut Value) {
        if let Some(location) = &self.settings.location {
            merge(body, "location", json!(location));
        }
    }

    /// Asks, and asks again where that may help.
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<A, BigQueryError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&method, url, body).await {
                Ok(answer) => return Ok(answer),
                Err(Judged::Final(error)) => return Err(error),
                Err(Judged::Again(error)) => error,
            };
            if attempt == ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
            self.transport.pause(pause).await;
            pause *= 2;
        }
    }

    async fn attempt<A: DeserializeOwned>(
        &self,
        method: &Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<A, Judged> {
        let unavailable = |why: String| Judged::Again(BigQueryError::Unavailable(why));
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("accept", "application/json")
            .header("content-type", "application/json");
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let request = request.body(body).map_err(|_| {
            Judged::Final(BigQueryError::Unavailable(format!(
                "{:?} is no address.",
                self.settings.base_url
            )))
        })?;
        let host = request
            .uri()
            .authority()
            .map_or_else(String::new, ToString::to_string);
        let sent = self.transport.send(request).await;
        let response = sent.map_err(|error| match error {
            TransportError::Denied => Judged::Final(BigQueryError::NoToken { host }),
            TransportError::Failed(why) => unavailable(format!("{why}.")),
        })?;
        if !response.status().is_success() {
            return Err(BigQueryError::of(&response));
        }
        serde_json::from_slice(response.body())
            .map_err(|error| unavailable(format!("its answer cannot be read ({error}).")))
    }
}

pub(super) fn unreadable(name: &str) -> BigQueryError {
    BigQueryError::Refused(format!(
        "{:?} is no name of BigQuery's: write project.dataset.table, or project.dataset for a data set.",
        shortened(name)
    ))
}

/// A name as a part of a URL.
pub(super) fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn request_id() -> String {
    let random = || RandomState::new().hash_one(0_u8);
    format!("attache-{:016x}{:016x}", random(), random())
}

pub(super) fn shortened(text: &str) -> String {
    const MAX_CHARACTERS: usize = 300;
    text.chars().take(MAX_CHARACTERS).collect()
}

pub(super) fn merge(json: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = json {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
