//! Webhooks that a client registers, under the host and under Spin: who is sent what.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::time::{Duration, Instant};

use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};
use attache_tests::spin::{SpinApp, SpinConfig};
use serde_json::{Value, json};

use attache_tests::receiver::{ASKED_FOR, Receiver, until};

/// An agent that somebody serves.
struct Served {
    by: By,
    _data: tempfile::TempDir,
}

enum By {
    Host(Server),
    Spin(SpinApp),
}

impl Served {
    fn host() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = host_command().unwrap();
        command
            .arg("serve")
            .arg(component("tck-agent").unwrap())
            .env("ATTACHE_DATA_DIR", data.path())
            .env("ATTACHE_PUSH_ALLOW_PRIVATE", "1");
        let server = Server::start(&mut command, "/health/ready").unwrap();
        Self {
            by: By::Host(server),
            _data: data,
        }
    }

    fn spin(allowed: &[String]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = SpinConfig::agent(
            component("tck-agent").unwrap(),
            component("attache-spin-adapter").unwrap(),
            data.path().join("sqlite_db.db"),
        );
        let config = allowed.iter().fold(config, SpinConfig::allow_outbound);
        Self {
            by: By::Spin(SpinApp::start(&config).unwrap()),
            _data: data,
        }
    }

    fn url(&self) -> String {
        match &self.by {
            By::Host(server) => server.url().to_owned(),
            By::Spin(app) => app.url(),
        }
    }

    fn log(&self) -> String {
        match &self.by {
            By::Host(server) => server.output(),
            By::Spin(app) => app.log(),
        }
    }

    async fn post(&self, path: &str, body: &Value) -> reqwest::Response {
        let response = reqwest::Client::new()
            .post(format!("{}{path}", self.url()))
            .header("a2a-version", "1.0")
            .timeout(Duration::from_secs(60))
            .json(body)
            .send()
            .await
            .unwrap();
        assert!(
            response.status().is_success(),
            "{response:?}\n{}",
            self.log()
        );
        response
    }

    /// Sends a message with a webhook and waits for its task.
    async fn send(&self, id: &str, hook: &str) -> Value {
        let sent = self.post("/message:send", &message(id, hook)).await;
        sent.json().await.unwrap()
    }
}

fn message(id: &str, hook: &str) -> Value {
    json!({
        "message": { "messageId": id, "role": "ROLE_USER", "parts": [{ "text": "hello" }] },
        "configuration": { "taskPushNotificationConfig": {
            "id": "mine",
            "url": hook,
            "token": "t0ken",
            "authentication": { "scheme": "Bearer", "credentials": "s3cret" },
        } },
    })
}

fn is_completed(body: &Value) -> bool {
    body["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
        || body["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
}

/// The receiver's bodies once the task is completed.
async fn all_of(receiver: &Receiver) -> Vec<Value> {
    until(
        || receiver.bodies(),
        |bodies| bodies.last().is_some_and(is_completed),
    )
    .await
}

async fn a_webhook_is_sent_what_the_stream_shows(served: Served, receiver: Receiver) {
    let message = message("tck-stream-artifact-chunked-1", &receiver.hook());
    let stream = served.post("/message:stream", &message).await;
    let stream = stream.text().await.unwrap();
    let streamed: Vec<Value> = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert!(streamed.len() >= 4, "{stream}");
    let sent = all_of(&receiver).await;
    // A stream begins with the whole task, whose state the first event is about.
    assert_eq!(
        sent[0]["statusUpdate"]["status"], streamed[0]["task"]["status"],
        "{sent:?}"
    );
    assert_eq!(sent[1..], streamed[1..], "{}", served.log());
    for taken in receiver.taken() {
        assert_eq!(taken.path, "/secret-path");
        assert_eq!(taken.headers["content-type"], "application/a2a+json");
        assert_eq!(taken.headers["a2a-version"], "1.0");
        assert_eq!(taken.headers["x-a2a-notification-token"], "t0ken");
        assert_eq!(taken.headers["authorization"], "Bearer s3cret");
    }
    let log = served.log();
    for secret in ["secret-path", "t0ken", "s3cret"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn under_the_host_a_webhook_is_sent_what_the_stream_shows() {
    let receiver = Receiver::answering(&[]).await;
    a_webhook_is_sent_what_the_stream_shows(Served::host(), receiver).await;
}

#[tokio::test]
async fn under_spin_a_webhook_is_sent_what_the_stream_shows() {
    let receiver = Receiver::answering(&[]).await;
    let served = Served::spin(&[receiver.origin()]);
    a_webhook_is_sent_what_the_stream_shows(served, receiver).await;
}

async fn webhooks_are_kept_until_they_are_deleted(served: Served, receiver: Receiver) {
    let sent = served.send("tck-input-required-1", &receiver.hook()).await;
    let task = sent["task"]["id"].as_str().unwrap();
    let path = format!("/tasks/{task}/pushNotificationConfigs");
    let url = format!("{}{path}", served.url());
    let other = json!({ "id": "other", "url": "https://example.com/hook" });
    served.post(&path, &other).await;

    let client = reqwest::Client::new();
    let get = |url: String| async {
        let asked = client.get(url).header("a2a-version", "1.0").send();
        asked.await.unwrap()
    };
    let list: Value = get(url.clone()).await.json().await.unwrap();
    let ids: Vec<&Value> = list["configs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|config| &config["id"])
        .collect();
    assert_eq!(ids, ["mine", "other"]);
    let mine: Value = get(format!("{url}/mine")).await.json().await.unwrap();
    assert_eq!(mine["url"], receiver.hook());
    assert_eq!(mine["token"], "t0ken");
    assert_eq!(mine["authentication"]["scheme"], "Bearer");

    let delete = client
        .delete(format!("{url}/mine"))
        .header("a2a-version", "1.0");
    assert!(delete.send().await.unwrap().status().is_success());
    assert_eq!(get(format!("{url}/mine")).await.status(), 404);
}

#[tokio::test]
async fn under_the_host_webhooks_are_kept_until_they_are_deleted() {
    let receiver = Receiver::answering(&[]).await;
    webhooks_are_kept_until_they_are_deleted(Served::host(), receiver).await;
}

#[tokio::test]
async fn under_spin_webhooks_are_kept_until_they_are_deleted() {
    let receiver = Receiver::answering(&[]).await;
    let served = Served::spin(&[receiver.origin()]);
    webhooks_are_kept_until_they_are_deleted(served, receiver).await;
}

/// How often the first body came, and when.
fn first_again(receiver: &Receiver) -> Vec<Instant> {
    let taken = receiver.taken();
    let first = taken[0].body.clone();
    taken
        .into_iter()
        .filter(|taken| taken.body == first)
        .map(|taken| taken.at)
        .collect()
}

async fn a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_asks(
    served: Served,
    receiver: Receiver,
) {
    served.send("tck-complete-1", &receiver.hook()).await;
    // Under Spin each later task with a webhook looks for what is due.
    let deadline = Instant::now() + Duration::from_secs(60);
    for later in 2.. {
        if receiver.bodies().iter().any(is_completed) {
            break;
        }
        assert!(Instant::now() < deadline, "{:?}", receiver.bodies());
        let id = format!("tck-input-required-{later}");
        served.send(&id, &receiver.hook()).await;
    }
    let times = first_again(&receiver);
    assert_eq!(times.len(), 2, "{:?}", receiver.bodies());
    let waited = times[1].duration_since(times[0]);
    assert!(waited >= ASKED_FOR, "{waited:?}");
}

#[tokio::test]
async fn under_the_host_a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_asks() {
    let receiver = Receiver::answering(&[429]).await;
    a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_asks(Served::host(), receiver).await;
}

#[tokio::test]
async fn under_spin_what_a_webhook_did_not_take_is_sent_again_by_a_later_run_as_it_asks() {
    let receiver = Receiver::answering(&[429]).await;
    let served = Served::spin(&[receiver.origin()]);
    a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_asks(served, receiver).await;
}

#[tokio::test]
async fn under_spin_a_host_that_is_not_allowed_is_not_called_and_the_log_says_why() {
    let receiver = Receiver::answering(&[]).await;
    let served = Served::spin(&[]);
    let sent = served.send("tck-complete-1", &receiver.hook()).await;
    assert!(is_completed(&sent), "{sent}");
    let log = until(|| served.log(), |log| log.contains("webhook")).await;
    assert!(
        log.contains("at 127.0.0.1 is not sent event 1: Spin does not allow its host"),
        "{log}"
    );
    for secret in ["secret-path", "t0ken", "s3cret"] {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(receiver.taken().is_empty());
}

#[tokio::test]
async fn under_spin_a_webhook_that_does_not_answer_delays_the_end_of_a_run_for_a_bounded_time() {
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", deaf.local_addr().unwrap());
    let served = Served::spin(std::slice::from_ref(&origin));
    let asked = Instant::now();
    let sent = served.send("tck-complete-1", &origin).await;
    assert!(is_completed(&sent), "{sent}");
    // Ten seconds, and room for a busy machine.
    assert!(
        asked.elapsed() < Duration::from_secs(30),
        "{:?}",
        asked.elapsed()
    );
}
