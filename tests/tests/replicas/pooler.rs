//! Behind a pooler that hands the server's connections around between transactions.

use std::time::{Duration, Instant};

use attache_tests::a2a::{Client, at_once, message, state};
use attache_tests::postgres::Cluster;
use attache_tests::server::Server;

use crate::hosts::{command, two, until};

/// Sooner than an instance looks that believes that it hears, also on a busy machine.
const SOON: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_do_not_hear_each_other_look() {
    let cluster = Cluster::start(&[]).unwrap();
    let pooled = cluster.pool().unwrap();
    let (hosts, [here, there]) = two(&pooled);
    let task = here.send(&at_once("tck-slow-1")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    let mut events = there.subscribe(id, Some(0)).await.unwrap();
    let mut came = Instant::now();
    let mut last = 0;
    while let Some(event) = events.next().await.unwrap() {
        last += 1;
        assert_eq!(event.number, Some(last));
        assert!(came.elapsed() < SOON, "{event:?}");
        came = Instant::now();
    }

    let task = here.send(&at_once("test-resubscribe-message-id-2")).await;
    let task = task.unwrap();
    let id = task["id"].as_str().unwrap();
    until("it works", async || {
        state(&there.task(id).await.unwrap()) == "TASK_STATE_WORKING"
    })
    .await;
    let asked = Instant::now();
    let canceled = there.cancel(id).await.unwrap();
    assert_eq!(state(&canceled), "TASK_STATE_CANCELED");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    // The operator is told, and what would help.
    until("the host says so", async || {
        hosts[0].output().contains("ATTACHE_DATABASE_LISTEN_URL")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_direct_address_is_enough_to_hear() {
    let cluster = Cluster::start(&[]).unwrap();
    let mut command = command(&cluster.pool().unwrap());
    command.env("ATTACHE_DATABASE_LISTEN_URL", cluster.url());
    let host = Server::start(&mut command, "/health/ready").unwrap();
    let client = Client::new(host.url());
    client.send(&message("tck-complete-task-1")).await.unwrap();
    until("it hears itself", async || {
        host.output().contains("other instances are heard")
    })
    .await;
}
