//! The user's own data: the analyst asks BigQuery with the token that its caller came with, and nothing
//! keeps that token.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;

use attache_tests::bigquery::{BigQuery, CLIENT_ID, NARROW_TOKEN, USER_TOKEN};
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};
use serde_json::{Value, json};

/// A host whose callers come with Google's access tokens, or with none where `auth` is `none`.
fn host(bigquery: &BigQuery, data: &Path, auth: &str) -> Server {
    let origin = bigquery.origin();
    let mut command = host_command().expect("the host");
    command
        .arg("serve")
        .arg(component("agent-component").expect("the agent"))
        .arg("--outbound-allow-private")
        .env("ATTACHE_DATA_DIR", data)
        .env("ATTACHE_AUTH", auth)
        .env("ATTACHE_GOOGLE_CLIENT_ID", CLIENT_ID)
        .env("ATTACHE_GOOGLE_TOKENINFO_URL", bigquery.tokeninfo())
        .env("ATTACHE_ALLOW_OUTBOUND", bigquery.host())
        .env("ATTACHE_CREDENTIALS", format!("{origin}=caller"))
        .env("ATTACHE_CONFIG_BIGQUERY_PROJECT", "my-project")
        .env("ATTACHE_CONFIG_BIGQUERY_BASE_URL", &origin)
        .env("RUST_LOG", "debug");
    if auth == "none" {
        command
            .env_remove("ATTACHE_GOOGLE_CLIENT_ID")
            .env_remove("ATTACHE_GOOGLE_TOKENINFO_URL");
    }
    Server::start(&mut command, "/health/ready").expect("the host answers")
}

async fn send(server: &Server, token: Option<&str>, message: Value) -> Value {
    let mut request = reqwest::Client::new()
        .post(format!("{}/message:send", server.url()))
        .header("A2A-Version", "1.0")
        .json(&json!({ "message": message }));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["task"].clone()
}

fn message(text: &str) -> Value {
    let id = format!("m-{}", text.len());
    json!({ "messageId": id, "role": "ROLE_USER", "parts": [{ "text": text }] })
}

/// The state of a task, and all of its text.
fn outcome(task: &Value) -> (String, String) {
    let state = task["status"]["state"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut text = String::new();
    let artifacts = task["artifacts"].as_array().cloned().unwrap_or_default();
    for holder in artifacts.iter().chain([&task["status"]["message"]]) {
        for part in holder["parts"].as_array().into_iter().flatten() {
            text.push_str(part["text"].as_str().unwrap_or_default());
        }
    }
    (state, text)
}

/// True when a file below the folder holds these bytes.
fn holds(folder: &Path, needle: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|w| w == needle.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_bigquery_as_themselves_and_the_token_stays_nowhere() {
    let bigquery = BigQuery::start().await;
    let data = tempfile::tempdir().unwrap();
    let server = host(&bigquery, data.path(), "google-access-token");
    let ask = async |sql: &str| {
        let task = send(&server, Some(USER_TOKEN), message(sql)).await;
        outcome(&task)
    };
    let (state, text) = ask("SELECT region, total FROM `my-project.sales.orders`").await;
    assert_eq!(state, "TASK_STATE_COMPLETED", "{text}");
    assert!(
        text.contains("| US ") && text.contains("```sql\nSELECT region"),
        "{text}"
    );
    let asked = bigquery.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let bearer = format!("Bearer {USER_TOKEN}");
    assert!(
        asked
            .iter()
            .all(|a| a.authorization.as_ref() == Some(&bearer))
    );
    assert_eq!(asked[1].body["maximumBytesBilled"], "1073741824");

    for (sql, wanted_state, wanted) in [
        (
            "SELECT * FROM `d.big_table`",
            "FAILED",
            "would read 5 GiB, and the limit is 1 GiB",
        ),
        ("SELECT * FROM `d.slow_table` a", "COMPLETED", "| US "),
        ("SELECT * FROM `d.paged`", "COMPLETED", "| US "),
        (
            "SELECT broken FROM `d.t`",
            "FAILED",
            "Unexpected identifier \"broken\" at [1:8]",
        ),
        ("SELECT * FROM `d.secret` xyz", "FAILED", "Access Denied"),
        ("SELECT * FROM `d.busy` where 1=1", "COMPLETED", "| US "),
    ] {
        let (state, text) = ask(sql).await;
        assert_eq!(state, format!("TASK_STATE_{wanted_state}"), "{sql}: {text}");
        assert!(text.contains(wanted), "{sql}: {text}");
    }
    // Nothing was run that reads too much.
    let ran = bigquery.asked();
    let mut ran = ran.iter().filter(|asked| asked.line.ends_with("/queries"));
    assert!(!ran.any(|asked| asked.body.to_string().contains("big_table")));

    assert!(
        !server.output().contains(USER_TOKEN),
        "a log holds the token"
    );
    assert!(holds(data.path(), "big_table"), "the task log is searched");
    assert!(!holds(data.path(), USER_TOKEN), "a file holds the token");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_for_it_the_task_waits_for_one_and_goes_on_with_it() {
    let bigquery = BigQuery::start().await;
    let data = tempfile::tempdir().unwrap();
    let server = host(&bigquery, data.path(), "none");
    let question = message("SELECT region FROM `my-project.sales.orders`");
    let task = send(&server, None, question).await;
    let (state, text) = outcome(&task);
    assert_eq!(state, "TASK_STATE_AUTH_REQUIRED", "{text}");
    assert!(
        text.contains("https://www.googleapis.com/auth/bigquery"),
        "{text}"
    );
    assert!(bigquery.asked().is_empty());

    let mut again = message("done");
    again["taskId"] = task["id"].clone();
    again["contextId"] = task["contextId"].clone();
    let task = send(&server, Some(NARROW_TOKEN), again.clone()).await;
    let (state, text) = outcome(&task);
    assert_eq!(state, "TASK_STATE_AUTH_REQUIRED", "{text}");
    assert!(text.contains("not for BigQuery"), "{text}");

    again["messageId"] = json!("m-3");
    let task = send(&server, Some("ya29.expired"), again.clone()).await;
    assert!(
        outcome(&task)
            .1
            .contains("does not accept the access token"),
        "{task}"
    );

    again["messageId"] = json!("m-4");
    let task = send(&server, Some(USER_TOKEN), again).await;
    let (state, text) = outcome(&task);
    assert_eq!(state, "TASK_STATE_COMPLETED", "{text}");
    assert!(text.contains("| US "), "{text}");
    assert!(!server.output().contains(USER_TOKEN));
    assert!(!holds(data.path(), USER_TOKEN));
}
