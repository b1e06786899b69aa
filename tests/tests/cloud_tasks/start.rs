//! What a start makes of the settings.

use std::process::Command;

use attache_tests::server::Server;
use serde_json::json;

use crate::fixture::{message, on, rpc, serve};
use crate::queue::{QUEUE, Queue};
use attache_tests::metadata;

/// A host with these variables, and nothing to keep.
async fn command(environment: &[(&str, &str)]) -> (Command, Queue) {
    let queue = Queue::start().await;
    let metadata = metadata::start().await;
    let mut command = on(&metadata, &queue);
    command
        .env("ATTACHE_DATA_DIR", ":memory:")
        .envs(environment.iter().copied());
    (command, queue)
}

async fn start(environment: &[(&str, &str)]) -> (Server, Queue) {
    let (mut command, queue) = command(environment).await;
    (serve(&mut command).unwrap(), queue)
}

const STANDS_STILL: &str = "under request-based billing Cloud Run takes the processor away";

#[tokio::test(flavor = "multi_thread")]
async fn on_cloud_run_a_queue_is_used_once_it_is_named() {
    // Its project and region are found out, and so is the URL to call.
    let (host, queue) = start(&[("K_SERVICE", "agent"), ("ATTACHE_TASKS_QUEUE", "agent")]).await;
    let params = json!({
        "message": message("tck-complete-task", "x"),
        "configuration": {"returnImmediately": true},
    });
    rpc(&host, "SendMessage", params).await;
    let seen = queue.seen();
    let url = "https://agent-123456.europe-west1.run.app";
    let request = &seen.tasks[0].http_request;
    assert_eq!(request.url, format!("{url}/internal/tasks/run"));
    assert_eq!(request.oidc_token.audience.as_deref(), Some(url));
    assert!(seen.tasks[0].name.starts_with(QUEUE));
    assert!(!host.output().contains(STANDS_STILL), "{}", host.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_cloud_run_without_a_queue_the_start_says_what_that_means() {
    let (host, _) = start(&[("K_SERVICE", "agent")]).await;
    let output = host.output();
    assert!(output.contains(STANDS_STILL), "{output}");
    assert!(output.contains("ATTACHE_TASKS_QUEUE"), "{output}");
    // Not to those who chose it, nor where nothing takes the processor away.
    for chosen in [
        &[("K_SERVICE", "agent"), ("ATTACHE_DISPATCH", "inline")][..],
        &[("ATTACHE_TASKS_QUEUE", QUEUE)],
    ] {
        let (host, _) = start(chosen).await;
        let output = host.output();
        assert!(!output.contains(STANDS_STILL), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_queue_the_path_is_the_agents() {
    let (host, _) = start(&[]).await;
    let url = format!("{}/internal/tasks/run", host.url());
    let other = format!("{}/internal/tasks/walk", host.url());
    let http = reqwest::Client::new();
    let body = r#"{"token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
    let mut answers = Vec::new();
    for url in [url, other] {
        let answer = http.post(url).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        answers.push((status, text.replace("walk", "run")));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_cannot_be_used_ends_the_start_with_a_sentence() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = nobody.local_addr().unwrap().to_string();
    for (environment, status, says) in [
        (
            &[("ATTACHE_DISPATCH", "cloud-tasks")][..],
            64,
            "ATTACHE_TASKS_QUEUE (--tasks-queue)",
        ),
        (
            &[
                ("ATTACHE_DISPATCH", "cloud-tasks"),
                ("ATTACHE_TASKS_QUEUE", QUEUE),
            ],
            64,
            "the queue has to know where to call",
        ),
        (
            &[
                ("ATTACHE_DISPATCH", "cloud-tasks"),
                ("ATTACHE_TASKS_QUEUE", "agent"),
                ("ATTACHE_PUBLIC_URL", "https://agent.test"),
            ],
            69,
            "projects/PROJECT/locations/REGION/queues/agent",
        ),
        (
            &[
                ("ATTACHE_DISPATCH", "cloud-tasks"),
                ("ATTACHE_TASKS_QUEUE", QUEUE),
                ("ATTACHE_PUBLIC_URL", "https://agent.test"),
                ("GCE_METADATA_HOST", nobody.as_str()),
            ],
            69,
            "set ATTACHE_TASKS_SERVICE_ACCOUNT",
        ),
        (
            &[
                ("K_SERVICE", "agent"),
                ("ATTACHE_TASKS_QUEUE", QUEUE),
                ("GCE_METADATA_HOST", nobody.as_str()),
            ],
            69,
            "the public URL could not be found out",
        ),
    ] {
        let (mut command, _queue) = command(environment).await;
        let ended = command.output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(ended.status.code(), Some(status), "{said}");
        assert!(said.contains(says), "{said}");
    }
}
