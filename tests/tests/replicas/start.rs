//! How a host starts on a server, and what it says when it cannot.

use std::process::{Command, Stdio};

use attache_tests::a2a::{Client, message};
use attache_tests::postgres::TestDatabase;
use attache_tests::server::{Server, host_command};

use crate::hosts::{agent, command, host};

/// Runs a host that must not start, and returns its exit status and the last line that it wrote.
fn refused(command: &mut Command) -> (Option<i32>, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default().to_owned();
    (output.status.code(), line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_may_start_at_once_on_an_empty_database() {
    let database = TestDatabase::create().await.unwrap();
    let url = database.url().to_owned();
    let starting: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::task::spawn_blocking(move || host(&url))
        })
        .collect();
    let mut hosts: Vec<Server> = Vec::new();
    for starting in starting {
        hosts.push(starting.await.unwrap());
    }
    let clients: Vec<_> = hosts.iter().map(|host| Client::new(host.url())).collect();
    for (number, client) in clients.iter().enumerate() {
        let body = message(&format!("tck-complete-task-{number}"));
        client.send(&body).await.unwrap();
    }
    let listed = clients[0].get("/tasks").await.unwrap();
    assert_eq!(listed["totalSize"], 4, "{listed}");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_sentence() {
    let database = TestDatabase::create().await.unwrap();
    let good: url::Url = database.url().parse().unwrap();

    let mut missing = good.clone();
    missing.set_path("/no_such_database");
    let (status, line) = refused(&mut command(missing.as_str()));
    assert_eq!(status, Some(69), "{line}");
    assert!(line.contains("no_such_database"), "{line}");

    let mut stranger = good.clone();
    stranger.set_username("no_such_role").unwrap();
    stranger.set_password(Some("hunter2")).unwrap();
    let (status, line) = refused(&mut command(stranger.as_str()));
    assert_eq!(status, Some(69), "{line}");
    assert!(line.contains("no_such_role"), "{line}");
    assert!(!line.contains("hunter2"), "{line}");

    let (status, line) = refused(&mut command("mysql://me:hunter2@db/tasks"));
    assert_eq!(status, Some(64), "{line}");
    assert!(
        line.contains("DATABASE_URL") && !line.contains("hunter2"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parts_of_an_address_do_as_well_as_the_whole() {
    let database = TestDatabase::create().await.unwrap();
    let url: url::Url = database.url().parse().unwrap();
    let mut command = host_command().unwrap();
    command
        .arg("serve")
        .arg(agent())
        .env("DB_HOST", url.host_str().unwrap())
        .env("DB_PORT", url.port().unwrap_or(5432).to_string())
        .env("DB_NAME", url.path().trim_start_matches('/'))
        // As `gcloud secrets versions add --data-file` keeps it.
        .env("DB_USER", format!("{}\n", url.username()));
    if let Some(password) = url.password() {
        command.env("DB_PASS", format!("{password}\n"));
    }
    let host = Server::start(&mut command, "/health/ready").unwrap();
    let client = Client::new(host.url());
    let task = client.send(&message("tck-complete-task-1")).await.unwrap();
    let other = Server::start(&mut crate::hosts::command(url.as_str()), "/health/ready").unwrap();
    let id = task["id"].as_str().unwrap();
    assert_eq!(Client::new(other.url()).task(id).await.unwrap()["id"], *id);
}
