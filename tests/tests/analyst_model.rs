//! The analyst with a model: plain-language questions, follow-ups, charts, and what happens when the model or
//! an authorisation is missing.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::process::Command;

use attache_tests::a2a::{Client, state};
use attache_tests::bigquery::{BigQuery, CLIENT_ID, USER_TOKEN};
use attache_tests::evaluation::Evaluation;
use attache_tests::guests::{component, workspace};
use attache_tests::models::{Answer, Fake, KEY, Step, text};
use attache_tests::server::{Server, host_command};
use attache_tests::spin::{SpinApp, SpinConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

const TABLE: &str = "region,amount\nnorth,10\nsouth,20\nnorth,5\n";

/// The analyst in a host whose environment has a key for Gemini and nothing else.
fn host_with(fake: &Fake, data: &TempDir, more: impl FnOnce(&mut Command)) -> Server {
    let mut command = host_command().unwrap();
    command
        .arg("serve")
        .arg(component("agent-component").unwrap())
        .env("ATTACHE_DATA_DIR", data.path())
        .env("GEMINI_API_KEY", KEY)
        .env("GOOGLE_GEMINI_BASE_URL", fake.origin())
        .env("RUST_LOG", "debug");
    more(&mut command);
    Server::start(&mut command, "/health/ready").unwrap()
}

fn host(fake: &Fake, data: &TempDir) -> Server {
    host_with(fake, data, |_| {})
}

fn asking(words: &str, table: bool, context: Option<&Value>) -> Value {
    let mut parts = vec![json!({"text": words})];
    if table {
        parts.push(json!({"text": TABLE, "filename": "sales.csv", "mediaType": "text/csv"}));
    }
    let mut message = json!({
        "messageId": format!("m-{words}"), "role": "ROLE_USER", "parts": parts,
    });
    if let Some(context) = context {
        message["contextId"] = context.clone();
    }
    json!({ "message": message })
}

/// All text of a task, its status included.
fn words_of(task: &Value) -> String {
    let artifacts = task["artifacts"].as_array().cloned().unwrap_or_default();
    let holders = artifacts.iter().chain([&task["status"]["message"]]);
    let parts = holders.flat_map(|holder| holder["parts"].as_array().cloned().unwrap_or_default());
    parts
        .map(|part| part["text"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn sums() -> Vec<Answer> {
    let sql = "SELECT region, SUM(amount) AS total FROM sales GROUP BY region ORDER BY region";
    vec![
        Answer::Steps(vec![Step::Calls(vec![("run_sql", json!({"sql": sql}))])]),
        text(&["The north sold 15, ", "the south 20."]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_questions_of_the_evaluation_are_answered_right() {
    let evaluation = Evaluation::load().unwrap();
    let replies = evaluation.replies().unwrap();
    let fake = Fake::gemini(replies.into_iter().map(Answer::Chunks).collect()).await;
    // What `make evaluate` runs.
    let mut evaluate = tokio::process::Command::new(env!("CARGO_BIN_EXE_evaluate"));
    evaluate
        .env("GEMINI_API_KEY", KEY)
        .env("GOOGLE_GEMINI_BASE_URL", fake.origin());
    let ended = evaluate.output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    println!("{said}{}", String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success());
    assert!(said.contains("14 of 14 answers are right"), "{said}");
    assert!(fake.asked().len() >= 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_builds_on_what_was_found() {
    let mut script = sums();
    script.push(text(&["Five more."]));
    let fake = Fake::gemini(script).await;
    let data = tempfile::tempdir().unwrap();
    let host = host(&fake, &data);
    let client = Client::new(host.url());
    let task = client
        .send(&asking("How much did each region sell?", true, None))
        .await
        .unwrap();
    assert_eq!(state(&task), "TASK_STATE_COMPLETED", "{task}");
    let words = words_of(&task);
    assert!(
        words.contains("the south 20.") && words.contains("**SQL used**"),
        "{words}"
    );
    let rows = &task["artifacts"][1]["parts"][0]["data"]["rows"];
    assert_eq!(*rows, json!([["north", 15], ["south", 20]]));
    let usage = &task["metadata"]["usage"];
    assert_eq!(usage["toolCalls"], 1);
    assert_eq!(usage["turns"], 2);
    assert!(usage["inputTokens"].as_u64() >= Some(24), "{usage}");
    let context = &task["contextId"];
    let next = asking("And the difference?", false, Some(context));
    let next = client.send(&next).await.unwrap();
    assert_eq!(words_of(&next), "Five more.");
    // The tables, the calls and what they gave go with it.
    let asked = fake.asked().pop().unwrap().body;
    let contents = asked["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 5, "{asked}");
    let instruction = asked["systemInstruction"].to_string();
    assert!(instruction.contains("sales"), "{instruction}");
    assert!(contents[2].to_string().contains("\"south\",20"), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_spin_the_key_is_a_variable() {
    let fake = Fake::gemini(sums()).await;
    let data = tempfile::tempdir().unwrap();
    let agent = component("agent-component").unwrap();
    let adapter = component("attache-spin-adapter").unwrap();
    // As `SPIN_VARIABLE_GEMINI_API_KEY=... spin up` gives it.
    let variables = [("gemini_api_key", KEY), ("model_base_url", fake.origin())];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let manifest = workspace().join("spin.toml");
    let config = SpinConfig::from_manifest(manifest, data.path(), &variables.into())
        .unwrap()
        .component(agent)
        .adapter(adapter)
        .allow_outbound(fake.origin());
    let app = SpinApp::start(&config).unwrap();
    let client = Client::new(&app.url());
    let task = client
        .send(&asking("How much did each region sell?", true, None))
        .await
        .unwrap();
    let words = words_of(&task);
    assert!(words.contains("the south 20."), "{words}\n{}", app.log());
    assert!(!app.log().contains(KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_model_is_down_fixed_phrases_go_on() {
    let busy = || Answer::Status(503, Some(0));
    let fake = Fake::gemini((0..10).map(|_| busy()).collect()).await;
    let data = tempfile::tempdir().unwrap();
    let host = host(&fake, &data);
    let client = Client::new(host.url());
    let task = client
        .send(&asking("Profile this table.", true, None))
        .await
        .unwrap();
    let words = words_of(&task);
    assert_eq!(state(&task), "TASK_STATE_COMPLETED", "{words}");
    assert!(words.contains("The model is not available"), "{words}");
    assert!(words.contains("3 rows"), "{words}");
    // What is no fixed phrase asks for one.
    let task = client
        .send(&asking("What is striking about the weather?", true, None))
        .await
        .unwrap();
    let words = words_of(&task);
    assert!(words.contains("The model is not available"), "{words}");
    assert_eq!(fake.asked().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_of_tools_ends() {
    let again = || Answer::Steps(vec![Step::Calls(vec![("list_tables", json!({}))])]);
    let fake = Fake::gemini((0..30).map(|_| again()).collect()).await;
    let data = tempfile::tempdir().unwrap();
    let host = host(&fake, &data);
    let client = Client::new(host.url());
    let task = client
        .send(&asking("What is in it?", true, None))
        .await
        .unwrap();
    let words = words_of(&task);
    assert_eq!(state(&task), "TASK_STATE_FAILED", "{words}");
    assert!(words.contains("with the same arguments"), "{words}");
    assert!(fake.asked().len() < 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_authorisation_is_asked_for_and_the_question_goes_on() {
    let sql = "SELECT region, total FROM `my-project.sales.orders`";
    let query = || {
        let call = ("bigquery_query", json!({"sql": sql}));
        Answer::Steps(vec![Step::Calls(vec![call])])
    };
    let fake = Fake::gemini(vec![query(), query(), text(&["The US leads."])]).await;
    let bigquery = BigQuery::start().await;
    let data = tempfile::tempdir().unwrap();
    let origin = bigquery.origin();
    let host = |token: bool| {
        host_with(&fake, &data, |command| {
            command
                .env("ATTACHE_ALLOW_OUTBOUND", bigquery.host())
                .env("ATTACHE_OUTBOUND_ALLOW_PRIVATE", "1")
                .env("ATTACHE_CREDENTIALS", format!("{origin}=caller"))
                .env("ATTACHE_CONFIG_BIGQUERY_PROJECT", "my-project")
                .env("ATTACHE_CONFIG_BIGQUERY_BASE_URL", &origin)
                .env(
                    "ATTACHE_AUTH",
                    if token { "google-access-token" } else { "none" },
                );
            if token {
                command
                    .env("ATTACHE_GOOGLE_CLIENT_ID", CLIENT_ID)
                    .env("ATTACHE_GOOGLE_TOKENINFO_URL", bigquery.tokeninfo());
            }
        })
    };
    let without = host(false);
    let question = "Which region leads in BigQuery?";
    let task = Client::new(without.url())
        .send(&asking(question, false, None))
        .await
        .unwrap();
    let words = words_of(&task);
    assert_eq!(state(&task), "TASK_STATE_AUTH_REQUIRED", "{words}");
    assert!(words.contains("auth/bigquery"), "{words}");
    drop(without);
    let with = host(true);
    let answer: Value = reqwest::Client::new()
        .post(format!("{}/message:send", with.url()))
        .header("A2A-Version", "1.0")
        .bearer_auth(USER_TOKEN)
        .json(&asking(question, false, None))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let words = words_of(&answer["task"]);
    assert!(words.contains("The US leads."), "{words}");
    let last = fake.asked().pop().unwrap().body;
    assert!(words.contains("my-project.sales.orders"), "{words}\n{last}");
    // The model's provider is shown the rows, and never the token.
    for asked in fake.asked() {
        let all = format!("{:?}{}", asked.headers, asked.body);
        assert!(!all.contains(USER_TOKEN));
    }
    assert!(!with.output().contains(USER_TOKEN));
}
