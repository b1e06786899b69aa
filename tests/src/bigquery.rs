//! BigQuery's REST API as far as the analyst asks it, and Google's word on access tokens.
//!
//! It knows a few statements by what is in them: `big_table` reads 5 GiB, `slow_table` is not ready at
//! first, `never` is never ready, `paged` comes in two pages, `broken` is no SQL, `secret` is refused,
//! `busy` is refused once. Everything else gives one row of each kind of value.

#![allow(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test ends where its BigQuery fails"
)]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A token that opens BigQuery.
pub const USER_TOKEN: &str = "ya29.the-token-of-a-user-that-no-log-may-hold";
/// A token of the same user without the scope.
pub const NARROW_TOKEN: &str = "ya29.another-token-that-is-not-for-bigquery";
/// The OAuth client whose tokens they are.
pub const CLIENT_ID: &str = "the-client.apps.googleusercontent.com";

/// One that runs.
#[derive(Clone, Debug)]
pub struct BigQuery {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and path, with the query.
    pub line: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// The body, if it is JSON.
    pub body: Value,
}

impl BigQuery {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap().to_string(),
            asked: Arc::default(),
        };
        let answering = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = answering.clone();
                let answer = service_fn(move |request| server.clone().take(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        server
    }

    /// `127.0.0.1:PORT`, for the list of allowed hosts.
    pub fn host(&self) -> &str {
        &self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where Google tells about access tokens, for `ATTACHE_GOOGLE_TOKENINFO_URL`.
    pub fn tokeninfo(&self) -> String {
        format!("{}/tokeninfo", self.origin())
    }

    /// What was asked of BigQuery so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes());
        let body = body.unwrap_or_default();
        let path = head.uri.path().to_owned();
        if path == "/tokeninfo" {
            let asked = [head.uri.query().unwrap_or_default().as_bytes(), &body].concat();
            return Ok(respond(tokeninfo(&String::from_utf8_lossy(&asked))));
        }
        let header = head.headers.get("authorization");
        let asked = Asked {
            line: format!("{} {}", head.method, head.uri),
            authorization: header.map(|value| String::from_utf8_lossy(value.as_bytes()).into()),
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        };
        let before = self.asked();
        self.asked.lock().unwrap().push(asked.clone());
        let answer = match asked
            .authorization
            .as_deref()
            .map(|a| a.strip_prefix("Bearer "))
        {
            Some(Some(USER_TOKEN)) => {
                let query = head.uri.query().unwrap_or_default();
                answer(&head.method, &path, query, &asked.body, &before)
            }
            Some(Some(NARROW_TOKEN)) => {
                let mut answer = error(
                    403,
                    "insufficientPermissions",
                    "Request had insufficient authentication scopes.",
                );
                answer.1["error"]["details"] = json!([{
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                }]);
                answer
            }
            _ => error(
                401,
                "authError",
                "Request had invalid authentication credentials.",
            ),
        };
        Ok(respond(answer))
    }
}

type Answer = (u16, Value);

fn respond((status, body): Answer) -> Response<Full<Bytes>> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("content-type", "application/json; charset=UTF-8")
        .body(Full::from(body.to_string()))
        .unwrap()
}

fn tokeninfo(asked: &str) -> Answer {
    // The host escapes everything but letters and digits.
    let asked = asked.replace("%2E", ".").replace("%2D", "-");
    if !asked.contains(USER_TOKEN) && !asked.contains(NARROW_TOKEN) {
        return (
            400,
            json!({ "error": "invalid_token", "error_description": "Invalid Value" }),
        );
    }
    (
        200,
        json!({
            "azp": CLIENT_ID, "aud": CLIENT_ID, "sub": "1234", "scope": "openid email",
            "exp": "4102444800", "expires_in": "3599", "email": "user@example.com",
            "email_verified": "true", "access_type": "online",
        }),
    )
}

fn error(status: u16, reason: &str, message: &str) -> Answer {
    let errors = json!([{ "message": message, "domain": "global", "reason": reason }]);
    (
        status,
        json!({ "error": { "code": status, "message": message, "errors": errors } }),
    )
}

fn answer(method: &Method, path: &str, query: &str, body: &Value, before: &[Asked]) -> Answer {
    let Some(path) = path.strip_prefix("/bigquery/v2/projects/") else {
        return error(404, "notFound", "Not found");
    };
    let parts: Vec<_> = path.split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("POST", [_, "jobs"]) => dry_run(&body["configuration"], before),
        ("POST", [project, "queries"]) => {
            let sql = body["query"].as_str().unwrap_or_default();
            let limit = body["maximumBytesBilled"].as_str();
            if body["useLegacySql"] != json!(false) || limit.is_none() {
                return error(400, "invalid", "a query of the analyst has a limit");
            }
            let job = ["slow_table", "never", "paged"]
                .into_iter()
                .find(|name| sql.contains(name));
            let job = job.unwrap_or("done");
            let complete = !matches!(job, "slow_table" | "never");
            (200, result(project, job, complete, None))
        }
        ("GET", [project, "queries", "paged"]) => {
            let token = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("pageToken="));
            (200, result(project, "paged", true, token))
        }
        ("GET", [project, "queries", job]) => {
            let polls = before
                .iter()
                .filter(|asked| asked.line.contains("/queries/slow_table"));
            let complete = *job == "slow_table" && polls.count() > 0;
            (200, result(project, job, complete, None))
        }
        ("POST", [_, "jobs", _, "cancel"]) => {
            (200, json!({ "kind": "bigquery#jobCancelResponse" }))
        }
        ("GET", [project, "datasets"]) => (
            200,
            json!({ "datasets": [
            { "datasetReference": { "projectId": project, "datasetId": "sales" }, "location": "EU" },
        ] }),
        ),
        ("GET", [project, "datasets", dataset, "tables"]) => (
            200,
            json!({ "tables": [
            { "tableReference": { "projectId": project, "datasetId": dataset, "tableId": "orders" },
              "type": "TABLE" },
        ], "totalItems": 1 }),
        ),
        ("GET", [project, "datasets", dataset, "tables", table]) => (
            200,
            json!({
                "tableReference": { "projectId": project, "datasetId": dataset, "tableId": table },
                "type": "TABLE", "numRows": "2", "numBytes": "2048", "schema": schema(),
            }),
        ),
        _ => error(404, "notFound", "Not found"),
    }
}

fn dry_run(configuration: &Value, before: &[Asked]) -> Answer {
    let sql = configuration["query"]["query"].as_str().unwrap_or_default();
    if configuration["dryRun"] != json!(true) {
        return error(400, "invalid", "the analyst inserts no jobs but dry runs");
    }
    if sql.contains("broken") {
        return error(
            400,
            "invalidQuery",
            "Syntax error: Unexpected identifier \"broken\" at [1:8]",
        );
    }
    if sql.contains("secret") {
        return error(
            403,
            "accessDenied",
            "Access Denied: Table p:d.secret: User does not have permission",
        );
    }
    if sql.contains("busy")
        && !before
            .iter()
            .any(|asked| asked.body.to_string().contains("busy"))
    {
        return error(
            403,
            "rateLimitExceeded",
            "Exceeded rate limits: too many api requests",
        );
    }
    let bytes = if sql.contains("big_table") {
        5_u64 << 30
    } else {
        1024
    };
    let kind = if sql.contains(';') {
        "SCRIPT"
    } else {
        "SELECT"
    };
    (
        200,
        json!({
            "kind": "bigquery#job", "status": { "state": "DONE" },
            "statistics": {
                "totalBytesProcessed": bytes.to_string(),
                "query": { "statementType": kind, "totalBytesProcessed": bytes.to_string() },
            },
        }),
    )
}

fn schema() -> Value {
    json!({ "fields": [
        { "name": "region", "type": "STRING", "mode": "NULLABLE" },
        { "name": "total", "type": "INTEGER", "mode": "NULLABLE" },
        { "name": "price", "type": "NUMERIC", "mode": "NULLABLE" },
        { "name": "at", "type": "TIMESTAMP", "mode": "NULLABLE" },
        { "name": "tags", "type": "STRING", "mode": "REPEATED" },
    ] })
}

fn result(project: &str, job: &str, complete: bool, page: Option<&str>) -> Value {
    let reference = json!({ "projectId": project, "jobId": job, "location": "EU" });
    if !complete {
        return json!({ "kind": "bigquery#queryResponse", "jobReference": reference, "jobComplete": false });
    }
    let row = |region: &str, total: i64| {
        json!({ "f": [
            { "v": region }, { "v": total.to_string() }, { "v": "12.50" },
            { "v": "1408452095220000" }, { "v": [{ "v": "a" }] },
        ] })
    };
    let (rows, next) = match (job, page) {
        ("paged", None) => (vec![row("EU", 15)], Some("second")),
        ("paged", Some(_)) => (vec![row("US", 20)], None),
        _ => (vec![row("EU", 15), row("US", 20)], None),
    };
    json!({
        "kind": "bigquery#queryResponse", "jobReference": reference, "jobComplete": true,
        "schema": schema(), "rows": rows, "totalRows": "2", "pageToken": next,
        "totalBytesProcessed": "1024", "cacheHit": false,
    })
}
