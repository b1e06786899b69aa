//! What ended long ago is removed, and nothing else.

use std::time::Duration;

use attache_tests::a2a::{Client, at_once, message};
use attache_tests::postgres::TestDatabase;
use attache_tests::server::Server;

use crate::hosts::{command, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finished_tasks_go_when_they_are_old_enough() {
    let database = TestDatabase::create().await.unwrap();
    let begin = || {
        let mut command = command(database.url());
        command.env("ATTACHE_IDEMPOTENCY_WINDOW", "0");
        command
    };
    // On a server nothing is removed unless somebody says so.
    let host = Server::start(&mut begin(), "/health/ready").unwrap();
    let client = Client::new(host.url());
    for number in 0..200 {
        let body = message(&format!("tck-artifact-data-{number}"));
        client.send(&body).await.unwrap();
    }
    let waits = client.send(&message("tck-input-required-1")).await.unwrap();
    let waits = waits["id"].as_str().unwrap();
    drop(host);

    let mut command = begin();
    command.env("ATTACHE_RETENTION", "1s");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let host = Server::start(&mut command, "/health/ready").unwrap();
    let client = Client::new(host.url());
    let works = client.send(&at_once("tck-slow-1")).await.unwrap();
    let total = async || client.get("/tasks?pageSize=1").await.unwrap()["totalSize"].as_u64();
    until("the old ones are gone", async || total().await == Some(2)).await;
    client.task(waits).await.unwrap();
    client.task(works["id"].as_str().unwrap()).await.unwrap();
    assert!(host.output().contains("200 tasks"), "{}", host.output());
    let left = database.sql("SELECT count(DISTINCT task_id) FROM attache_event");
    assert_eq!(left.await.unwrap(), [["2"]]);
}
