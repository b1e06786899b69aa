//! The client over a scripted transport.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::Response;

use super::*;
use crate::bigquery::{Describe, ListDatasets};

/// Answers as it was told to, and remembers what it was asked. When nothing is left it does not answer.
#[derive(Debug, Default)]
struct Script {
    answers: RefCell<VecDeque<(u16, Value)>>,
    asked: RefCell<Vec<(String, Value)>>,
    pauses: RefCell<Vec<Duration>>,
}

impl Transport for &Script {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        assert!(request.headers().get("authorization").is_none());
        self.remember(&request);
        let next = self.answers.borrow_mut().pop_front();
        let Some((status, body)) = next else {
            return std::future::pending().await;
        };
        if status == 0 {
            return Err(TransportError::Denied);
        }
        let response = Response::builder().status(status);
        Ok(response.body(body.to_string().into_bytes()).unwrap())
    }

    async fn pause(&self, time: Duration) {
        self.pauses.borrow_mut().push(time);
    }

    fn send_off(&self, request: Request<Vec<u8>>) {
        self.remember(&request);
    }
}

impl Script {
    fn of(answers: &[(u16, Value)]) -> Self {
        Self {
            answers: RefCell::new(answers.to_vec().into()),
            ..Self::default()
        }
    }

    fn remember(&self, request: &Request<Vec<u8>>) {
        let line = format!(
            "{} {}",
            request.method(),
            request.uri().path_and_query().unwrap()
        );
        let body = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        self.asked.borrow_mut().push((line, body));
    }

    fn lines(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        asked.iter().map(|(line, _)| line.clone()).collect()
    }

    fn client(&self) -> BigQuery<&Self> {
        let settings = Settings::read(|key| {
            Some(match key {
                "bigquery_project" => "my-project".to_owned(),
                "bigquery_location" => "EU".to_owned(),
                "bigquery_max_bytes" => "1MiB".to_owned(),
                _ => return None,
            })
        });
        BigQuery::new(settings.unwrap().unwrap(), self)
    }

    fn query(&self, sql: &str) -> Result<Rows, BigQueryError> {
        now(self.client().query(sql)).unwrap()
    }
}

/// What a future gives that never waits.
fn now<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn dry(bytes: u64, kind: &str) -> (u16, Value) {
    let statistics =
        json!({ "totalBytesProcessed": bytes.to_string(), "query": { "statementType": kind } });
    (
        200,
        json!({ "status": { "state": "DONE" }, "statistics": statistics }),
    )
}

fn page(rows: &[i64], next: Option<&str>) -> (u16, Value) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| json!({ "f": [{ "v": row.to_string() }] }))
        .collect();
    let answer = json!({
        "jobComplete": true,
        "jobReference": { "projectId": "my-project", "jobId": "job_1", "location": "EU" },
        "schema": { "fields": [{ "name": "n", "type": "INTEGER", "mode": "NULLABLE" }] },
        "rows": rows, "totalRows": "3", "totalBytesProcessed": "10", "pageToken": next,
    });
    (200, answer)
}

fn unfinished() -> (u16, Value) {
    let job = json!({ "projectId": "my-project", "jobId": "job_1", "location": "EU" });
    (200, json!({ "jobComplete": false, "jobReference": job }))
}

fn error(status: u16, reason: &str, message: &str) -> (u16, Value) {
    let errors = json!([{ "reason": reason, "message": message, "domain": "global" }]);
    (
        status,
        json!({ "error": { "code": status, "message": message, "errors": errors } }),
    )
}

#[test]
fn a_query_is_run_dry_first_and_then_within_the_limit() {
    let script = Script::of(&[dry(10, "SELECT"), page(&[1, 2, 3], None)]);
    let rows = script.query("SELECT n FROM `d.t`;").unwrap();
    assert_eq!(rows.table.to_json(9)["rows"], json!([[1], [2], [3]]));
    assert_eq!(
        (rows.bytes, rows.total, rows.truncated),
        (10, Some(3), false)
    );
    let asked = script.asked.borrow();
    let [(dry, dry_body), (run, body)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(dry, "POST /bigquery/v2/projects/my-project/jobs");
    assert_eq!(dry_body["configuration"]["dryRun"], true);
    assert_eq!(dry_body["jobReference"]["location"], "EU");
    assert_eq!(run, "POST /bigquery/v2/projects/my-project/queries");
    assert_eq!(body["query"], "SELECT n FROM `d.t`");
    assert_eq!(body["maximumBytesBilled"], "1048576");
    assert_eq!(body["useLegacySql"], false);
    assert_eq!(body["location"], "EU");
}

#[test]
fn nothing_runs_that_reads_too_much_or_is_no_query() {
    let script = Script::of(&[dry(5 << 30, "SELECT")]);
    let said = script.query("SELECT * FROM `d.t`").unwrap_err().to_string();
    assert!(
        said.contains("would read 5 GiB, and the limit is 1 MiB"),
        "{said}"
    );
    assert_eq!(script.lines().len(), 1);

    let script = Script::of(&[dry(0, "SCRIPT")]);
    let said = script.query("SELECT 1").unwrap_err().to_string();
    assert!(said.contains("SCRIPT"), "{said}");
    assert_eq!(script.lines().len(), 1);

    let script = Script::default();
    let said = script.query("DELETE FROM `d.t`").unwrap_err();
    assert!(matches!(said, BigQueryError::Refused(_)), "{said}");
    assert!(script.lines().is_empty());
}

#[test]
fn a_slow_query_is_waited_for_and_its_pages_are_read() {
    let script = Script::of(&[
        dry(10, "SELECT"),
        unfinished(),
        unfinished(),
        page(&[1, 2], Some("a/b")),
        page(&[3], None),
    ]);
    let rows = script.query("SELECT n FROM t").unwrap();
    assert_eq!(rows.table.rows(), 3);
    let lines = script.lines();
    assert!(lines[2].starts_with("GET /bigquery/v2/projects/my-project/queries/job_1?"));
    assert!(
        lines[2].contains("location=EU") && !lines[3].contains("pageToken"),
        "{lines:?}"
    );
    assert!(lines[4].ends_with("&pageToken=a%2Fb"), "{lines:?}");
}

#[test]
fn a_query_that_is_given_up_is_cancelled_and_one_that_ended_is_not() {
    let cancel = "POST /bigquery/v2/projects/my-project/jobs/job_1/cancel?location=EU";
    // The future is dropped while it waits.
    let script = Script::of(&[dry(10, "SELECT"), unfinished()]);
    assert_eq!(now(script.client().query("SELECT 1")), None);
    assert_eq!(script.lines().last().unwrap(), cancel);
    // It never ends.
    let mut answers = vec![dry(10, "SELECT")];
    answers.extend((0..=WAITS).map(|_| unfinished()));
    let script = Script::of(&answers);
    let error = script.query("SELECT 1").unwrap_err();
    assert!(matches!(error, BigQueryError::TooSlow(_)), "{error}");
    assert_eq!(script.lines().last().unwrap(), cancel);
    // It has ended, and its second page does not come.
    let script = Script::of(&[dry(10, "SELECT"), page(&[1], Some("p"))]);
    assert_eq!(now(script.client().query("SELECT 1")), None);
    assert!(!script.lines().iter().any(|line| line.contains("/cancel")));
}

#[test]
fn what_is_overloaded_is_asked_again_and_what_refuses_is_not() {
    let script = Script::of(&[
        error(403, "rateLimitExceeded", "Exceeded rate limits"),
        error(503, "backendError", "try later"),
        dry(10, "SELECT"),
        page(&[1], None),
    ]);
    assert!(script.query("SELECT 1").is_ok());
    assert_eq!(script.pauses.borrow().len(), 2);

    let again = error(500, "backendError", "broken");
    let script = Script::of(&vec![again; 9]);
    let said = script.query("SELECT 1").unwrap_err();
    assert_eq!(said, BigQueryError::Unavailable("broken.".to_owned()));
    assert_eq!(script.lines().len(), 4);

    for (answer, wanted) in [
        (
            error(400, "invalidQuery", "Unrecognized name: x at [1:8]"),
            "Unrecognized name: x at [1:8].",
        ),
        (
            error(403, "accessDenied", "Access Denied: Table d.t"),
            "refuses this to you: Access Denied",
        ),
        (
            error(403, "quotaExceeded", "Quota exceeded"),
            "a quota is used up",
        ),
        (
            error(404, "notFound", "Not found: Table d.t"),
            "does not find it: Not found",
        ),
    ] {
        let script = Script::of(&[answer]);
        let error = script.query("SELECT 1").unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(!error.needs_authorization());
        assert_eq!(script.lines().len(), 1);
    }
}

#[test]
fn without_a_token_that_opens_bigquery_the_user_is_told_what_to_grant() {
    let scopes = json!({ "error": { "code": 403, "message": "Request had insufficient scopes.",
        "errors": [{ "reason": "insufficientPermissions" }],
        "details": [{ "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }] } });
    for answer in [
        (0, json!(null)),
        error(401, "authError", "Invalid Credentials"),
        (403, scopes),
    ] {
        let script = Script::of(&[answer]);
        let error = script.query("SELECT 1").unwrap_err();
        assert!(error.needs_authorization(), "{error}");
        let said = error.to_string();
        assert!(
            said.contains("https://www.googleapis.com/auth/bigquery"),
            "{said}"
        );
        assert!(said.contains("Gemini Enterprise"), "{said}");
    }
}

#[test]
fn names_are_completed_and_nothing_else_reaches_a_url() {
    let script = Script::of(&[(
        200,
        json!({ "schema": { "fields": [
        { "name": "day", "type": "DATE", "description": "of the order" },
        { "name": "lines", "type": "RECORD", "mode": "REPEATED", "fields": [
            { "name": "n", "type": "INTEGER" },
        ] },
    ] }, "numRows": "7", "numBytes": "2048" }),
    )]);
    let client = script.client();
    let describe = |table: &str| {
        let asked = Describe {
            table: table.to_owned(),
        };
        now(client.describe(&asked)).unwrap()
    };
    let described = describe("`sales.orders`").unwrap();
    assert_eq!(described["table"], "my-project.sales.orders");
    assert_eq!(described["columns"][1]["type"], "ARRAY<STRUCT<n INT64>>");
    assert_eq!(described["size"], "2 KiB");
    let wanted = "GET /bigquery/v2/projects/my-project/datasets/sales/tables/orders";
    assert_eq!(script.lines(), [wanted]);
    for odd in ["orders", "a.b.c.d", "../../x", "a.b/../c", "a..b"] {
        assert!(describe(odd).is_err(), "{odd}");
    }
    let parts = client.parts("example.com:old.sales.orders", 3);
    assert_eq!(parts.unwrap().len(), 3);
}

#[test]
fn data_sets_and_tables_are_listed_over_their_pages() {
    let entry = |id: &str| json!({ "datasetReference": { "projectId": "p", "datasetId": id } });
    let script = Script::of(&[
        (
            200,
            json!({ "datasets": [entry("a")], "nextPageToken": "n" }),
        ),
        (200, json!({ "datasets": [entry("b")] })),
        (200, json!({})),
    ]);
    let client = script.client();
    let list = |dataset: Option<&str>| {
        let asked = ListDatasets {
            dataset: dataset.map(str::to_owned),
        };
        now(client.list(&asked)).unwrap().unwrap()
    };
    let listed = list(None);
    assert_eq!(listed["datasets"][1]["dataset"], "p.b");
    assert_eq!(list(Some("b"))["tables"], json!([]));
    assert!(script.lines()[2].contains("/projects/my-project/datasets/b/tables?"));
}
