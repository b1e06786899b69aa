//! What becomes of a task whose instance is gone, or was only thought to be.

use std::time::{Duration, Instant};

use attache_tests::a2a::{Client, at_once, has_ended, state};
use attache_tests::postgres::TestDatabase;
use attache_tests::server::Server;
use serde_json::Value;

use crate::hosts::{LEASE, command, two, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_task_of_a_killed_instance_is_failed_with_a_message() {
    let database = TestDatabase::create().await.unwrap();
    let (mut hosts, [here, there]) = two(database.url());
    let task = here.send(&at_once("tck-slow-1")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    until("it works", async || {
        state(&there.task(id).await.unwrap()) == "TASK_STATE_WORKING"
    })
    .await;
    let mut events = there.subscribe(id, Some(0)).await.unwrap();
    hosts[0].kill();
    let killed = Instant::now();
    let seen = events.rest().await.unwrap();
    // A lease, a third of one until somebody looks, and time for a busy machine.
    let longest = Duration::from_secs(LEASE * 2 + 5);
    assert!(killed.elapsed() < longest, "{:?}", killed.elapsed());
    let status = &seen.last().unwrap().data["statusUpdate"]["status"];
    assert_eq!(status["state"], "TASK_STATE_FAILED");
    let text = status["message"]["parts"][0]["text"].as_str().unwrap();
    assert!(text.contains("lost before it had finished"), "{text}");
    let numbers: Vec<_> = seen.iter().map(|event| event.number.unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_task_of_a_killed_instance_is_resumed_where_the_agent_can() {
    let database = TestDatabase::create().await.unwrap();
    let (mut hosts, [here, there]) = two(database.url());
    let task = here.send(&at_once("tck-resume-1")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    let pieces = |task: &Value| {
        let parts = task["artifacts"][0]["parts"].as_array();
        parts.map_or(0, Vec::len)
    };
    until("some pieces", async || {
        pieces(&there.task(id).await.unwrap()) >= 3
    })
    .await;
    hosts[0].kill();
    until("it has ended", async || {
        has_ended(&there.task(id).await.unwrap())
    })
    .await;
    let task = there.task(id).await.unwrap();
    assert_eq!(state(&task), "TASK_STATE_COMPLETED", "{task}");
    // Every piece once: what was emitted came with the checkpoint that says so.
    let parts = task["artifacts"][0]["parts"].as_array().unwrap();
    let texts: Vec<_> = parts
        .iter()
        .map(|part| part["text"].as_str().unwrap().trim().to_owned())
        .collect();
    let expected: Vec<_> = (0..texts.len()).map(|piece| piece.to_string()).collect();
    assert_eq!(texts, expected, "{task}");
}

/// The one who was paused believes that it still holds the task. The log does not.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_never_work_on_one_task() {
    let database = TestDatabase::create().await.unwrap();
    let (hosts, [here, there]) = two(database.url());
    let task = here.send(&at_once("tck-slow-2")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    until("it works", async || {
        state(&there.task(id).await.unwrap()) == "TASK_STATE_WORKING"
    })
    .await;
    signal(hosts[0].id(), "STOP");
    until("it was taken over", async || {
        has_ended(&there.task(id).await.unwrap())
    })
    .await;
    let before = there.task(id).await.unwrap();
    assert_eq!(state(&before), "TASK_STATE_FAILED", "{before}");
    signal(hosts[0].id(), "CONT");
    // It answers, so it has gone on; what its run had left to say would have taken two seconds.
    until("it has gone on", async || here.task(id).await.is_ok()).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let after = there.task(id).await.unwrap();
    assert_eq!(before, after, "the paused instance changed the task");
    assert_eq!(here.task(id).await.unwrap(), after);
    let events = here.subscribe(id, Some(0)).await.unwrap().rest().await;
    let events = events.unwrap();
    let ends = events.iter().filter(|event| {
        let state = event.data["statusUpdate"]["status"]["state"].as_str();
        matches!(state, Some("TASK_STATE_FAILED" | "TASK_STATE_COMPLETED"))
    });
    assert_eq!(ends.count(), 1);
}

#[cfg(unix)]
fn signal(id: u32, name: &str) {
    let status = std::process::Command::new("kill")
        .args(["-s", name, &id.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "kill -s {name}: {status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_ends_the_task_at_once() {
    let database = TestDatabase::create().await.unwrap();
    let long = Duration::from_secs(120);
    let mut command = command(database.url());
    command.env("ATTACHE_LEASE", long.as_secs().to_string());
    let host = Server::start(&mut command, "/health/ready").unwrap();
    let client = Client::new(host.url());
    let began = Instant::now();
    let task = client.send(&at_once("tck-trap-1")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    until("it has ended", async || {
        has_ended(&client.task(id).await.unwrap())
    })
    .await;
    assert!(began.elapsed() < long, "the lease was waited for");
    assert_eq!(state(&client.task(id).await.unwrap()), "TASK_STATE_FAILED");
}
