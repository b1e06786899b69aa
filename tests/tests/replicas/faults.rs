//! What a client sees while the database is in trouble, and after.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use attache_tests::a2a::{CallError, Client, has_ended, message, state};
use attache_tests::postgres::Cluster;
use attache_tests::server::{Server, host_command};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::hosts::{agent, host, until};

/// The only ways in which a request may fail while the log cannot be reached.
fn is_unavailable(error: &CallError) -> bool {
    match error {
        CallError::Refused { status, body } => {
            *status == 503 && body["error"]["status"] == "UNAVAILABLE"
        }
        CallError::Lost(_) => false,
    }
}

struct Senders {
    stop: Arc<AtomicBool>,
    running: JoinSet<Sent>,
}

#[derive(Default)]
struct Sent {
    /// The ids of the tasks that were answered.
    answered: Vec<String>,
    refused: usize,
}

impl Senders {
    /// Sends on and on, each message until it is answered.
    fn start(client: &Client, name: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for sender in 0..4 {
            let (client, stop, name) = (client.clone(), stop.clone(), name.to_owned());
            running.spawn(async move {
                let mut sent = Sent::default();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let body = message(&format!("tck-artifact-data-{name}-{sender}-{number}"));
                    loop {
                        match client.send(&body).await {
                            Ok(task) => {
                                sent.answered.push(task["id"].as_str().unwrap().to_owned());
                                break;
                            }
                            Err(error) => {
                                assert!(is_unavailable(&error), "{error}");
                                sent.refused += 1;
                                tokio::time::sleep(Duration::from_millis(50)).await;
                            }
                        }
                    }
                }
                sent
            });
        }
        Self { stop, running }
    }

    async fn stop(mut self) -> Sent {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Sent::default();
        while let Some(sent) = self.running.join_next().await {
            let sent = sent.unwrap();
            all.answered.extend(sent.answered);
            all.refused += sent.refused;
        }
        all
    }
}

async fn total(client: &Client) -> Value {
    client.get("/tasks?pageSize=1").await.unwrap()["totalSize"].clone()
}

/// Every answered task is there, and no message made two. A run that could not write its end has failed,
/// and its client was told so.
async fn nothing_is_lost(client: &Client, sent: &Sent) {
    let mut failed = 0;
    for id in &sent.answered {
        let task = client.task(id).await.unwrap();
        assert!(has_ended(&task), "{task}");
        failed += usize::from(state(&task) == "TASK_STATE_FAILED");
    }
    // Each sender has one run under way when the database goes, and meets its end once.
    assert!(
        failed <= sent.refused,
        "{failed} failed, {} refused",
        sent.refused
    );
    assert_eq!(total(client).await, sent.answered.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_go_unnoticed() {
    let cluster = Cluster::start(&[]).unwrap();
    let host = host(cluster.url());
    let client = Client::new(host.url());
    let senders = Senders::start(&client, "cut");
    for cut in 1..=10 {
        until("some answers", async || {
            total(&client).await.as_u64() >= Some(cut * 10)
        })
        .await;
        cluster.terminate_clients().await.unwrap();
    }
    let sent = senders.stop().await;
    nothing_is_lost(&client, &sent).await;
    println!(
        "{} sends through 10 cuts of all connections, {} refused",
        sent.answered.len(),
        sent.refused
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_is_waited_for() {
    let cluster = Cluster::start(&[]).unwrap();
    let host = host(cluster.url());
    let client = Client::new(host.url());
    let senders = Senders::start(&client, "restart");
    until("some answers", async || {
        total(&client).await.as_u64() >= Some(20)
    })
    .await;
    cluster.stop().unwrap();
    // Not one connection can be had: requests are refused, and the probe says so.
    until("not ready", async || {
        client.get("/health/ready").await.is_err()
    })
    .await;
    let refused = client.send(&message("tck-complete-task-refused")).await;
    let error = refused.expect_err("without a database");
    assert!(is_unavailable(&error), "{error}");
    assert!(client.get("/health/live").await.is_ok());
    cluster.start_again(&[]).unwrap();
    let before = {
        until("ready again", async || {
            client.get("/health/ready").await.is_ok()
        })
        .await;
        total(&client).await.as_u64()
    };
    until("more answers", async || {
        total(&client).await.as_u64() >= before.map(|before| before + 20)
    })
    .await;
    let sent = senders.stop().await;
    nothing_is_lost(&client, &sent).await;
    println!(
        "{} sends through a restart, {} refused meanwhile",
        sent.answered.len(),
        sent.refused
    );
}

/// As a server is that fails over to a replica.
async fn read_only(cluster: &Cluster, read_only: bool) {
    let setting = if read_only { "on" } else { "off" };
    let change = format!("ALTER SYSTEM SET default_transaction_read_only = {setting}");
    // A session that is read-only itself may still change the settings of the server.
    cluster.sql(&change).await.unwrap();
    cluster.sql("SELECT pg_reload_conf()").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_read_only_can_still_be_read() {
    let cluster = Cluster::start(&[]).unwrap();
    let host = host(cluster.url());
    let client = Client::new(host.url());
    let task = client.send(&message("tck-complete-task-0")).await.unwrap();
    let mut answered = vec![task];
    read_only(&cluster, true).await;
    // Sessions that are open learn of it in a moment.
    let mut body = Value::Null;
    until("a refusal", async || {
        body = message(&format!("tck-complete-task-{}", answered.len()));
        match client.send(&body).await {
            Ok(task) => answered.push(task),
            Err(error) => {
                assert!(is_unavailable(&error), "{error}");
                return true;
            }
        }
        false
    })
    .await;
    for task in &answered {
        let id = task["id"].as_str().unwrap();
        assert_eq!(client.task(id).await.unwrap()["id"], *id);
    }
    // What was refused last may have begun its task when only some sessions were read-only.
    let count = answered.len() as u64;
    let begun = total(&client).await.as_u64().unwrap();
    assert!((count..=count + 1).contains(&begun), "{begun}, not {count}");
    assert!(host.output().contains("read-only"), "{}", host.output());
    read_only(&cluster, false).await;
    // It is the same message, so it is the same task.
    until("an answer", async || client.send(&body).await.is_ok()).await;
    assert_eq!(total(&client).await, count + 1);
    println!("{begun} tasks of {count} answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_without_room_can_still_be_read() {
    let data = tempfile::tempdir().unwrap();
    let mut command = host_command().unwrap();
    command
        .arg("serve")
        .arg(agent())
        .env("ATTACHE_DATA_DIR", data.path())
        .env("ATTACHE_DATA_MAX", "1MiB")
        .env("ATTACHE_IDEMPOTENCY_WINDOW", "600");
    let host = Server::start(&mut command, "/health/ready").unwrap();
    let client = Client::new(host.url());
    let mut answered = Vec::new();
    let error = loop {
        let body = message(&format!("tck-artifact-data-{}", answered.len()));
        match client.send(&body).await {
            Ok(task) => answered.push(task["id"].as_str().unwrap().to_owned()),
            Err(error) => break error,
        }
        assert!(
            answered.len() < 10_000,
            "a megabyte holds ten thousand tasks"
        );
    };
    assert!(is_unavailable(&error), "{error}");
    // What the host writes is read by a thread of its own.
    until("the disk is full", async || {
        host.output().contains("the disk is full")
    })
    .await;
    for id in &answered {
        client.task(id).await.unwrap();
    }
    // Somebody makes room.
    let file = data.path().join("tasks.db");
    let database = rusqlite::Connection::open(file).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let gone = answered.split_off(answered.len() / 2);
    for id in &gone {
        for table in ["attache_event", "attache_snapshot"] {
            let sql = format!("DELETE FROM {table} WHERE task_id = ?1");
            database.execute(&sql, [id]).unwrap();
        }
    }
    let task = client.send(&message("tck-artifact-data-more")).await;
    answered.push(task.unwrap()["id"].as_str().unwrap().to_owned());
    for id in &answered {
        client.task(id).await.unwrap();
    }
}
