//! What `tasks.create` of Cloud Tasks takes: its published fields and their limits, and no others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde::Deserialize;

use attache_tests::metadata::ACCESS_TOKEN;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateTaskRequest {
    task: Task,
    #[serde(rename = "responseView")]
    _response_view: Option<String>,
}

/// An HTTP task.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) http_request: HttpRequest,
    dispatch_deadline: Option<String>,
    #[serde(rename = "scheduleTime")]
    _schedule_time: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HttpRequest {
    pub(crate) url: String,
    http_method: Option<String>,
    headers: std::collections::HashMap<String, String>,
    body: String,
    pub(crate) oidc_token: OidcToken,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OidcToken {
    pub(crate) service_account_email: String,
    pub(crate) audience: Option<String>,
}

impl Task {
    /// The task that a request creates in `queue`; or what is wrong with it.
    pub(crate) fn read(
        queue: &str,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, String> {
        let check = |holds: bool, what: &str| {
            if holds { Ok(()) } else { Err(what.to_owned()) }
        };
        check(method == Method::POST, "tasks are created by POST")?;
        check(path == format!("/v2/{queue}/tasks"), path)?;
        check(
            headers["authorization"] == format!("Bearer {ACCESS_TOKEN}"),
            "not the token of the service",
        )?;
        check(headers["content-type"] == "application/json", "not JSON")?;
        let request: CreateTaskRequest =
            serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let task = request.task;
        let id = task.name.strip_prefix(&format!("{queue}/tasks/"));
        let is_id = id.is_some_and(|id| {
            (1..=500).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        });
        check(is_id, "Task name must be formatted: \"projects/…\"")?;
        let seconds: u64 = task
            .dispatch_deadline
            .as_deref()
            .and_then(|text| text.strip_suffix('s')?.parse().ok())
            .unwrap_or(600);
        check((15..=1800).contains(&seconds), "the dispatchDeadline")?;
        let request = &task.http_request;
        check(request.method() == "POST", "the httpMethod")?;
        check(request.url.len() <= 2083, "the URL")?;
        check(
            request.url.starts_with("https://"),
            "an OIDC token over HTTP",
        )?;
        check(STANDARD.decode(&request.body).is_ok(), "base64")?;
        Ok(task)
    }
}

impl HttpRequest {
    fn method(&self) -> &str {
        self.http_method.as_deref().unwrap_or("POST")
    }

    /// Path and query of the URL.
    pub(crate) fn path(&self) -> String {
        let uri: http::Uri = self.url.parse().unwrap();
        uri.path_and_query().unwrap().to_string()
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        STANDARD.decode(&self.body).unwrap()
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&String, &String)> {
        self.headers.iter()
    }
}
