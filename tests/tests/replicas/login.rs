//! Logging in as the service itself.

use attache_tests::a2a::{Client, message};
use attache_tests::metadata::{self, ACCESS_TOKEN};
use attache_tests::postgres::{Cluster, with_database};
use attache_tests::server::Server;

use crate::hosts::command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_access_token_is_the_password() {
    let cluster = Cluster::start(&[]).unwrap();
    // The server checks tokens as passwords, which for it they are.
    let user = "agent@my-project.iam";
    let statements = [
        format!("CREATE ROLE \"{user}\" LOGIN PASSWORD '{ACCESS_TOKEN}'"),
        format!("CREATE DATABASE agent OWNER \"{user}\""),
    ];
    for statement in statements {
        cluster.sql(&statement).await.unwrap();
    }
    let mut url: url::Url = with_database(cluster.url(), "agent").parse().unwrap();
    url.set_username("").unwrap();
    url.set_password(None).unwrap();
    let metadata = metadata::start().await;
    let iam = |url: &str| {
        let mut command = command(url);
        command
            .env("DB_IAM_AUTH", "1")
            .env("GCE_METADATA_HOST", &metadata);
        command
    };
    let host = Server::start(&mut iam(url.as_str()), "/health/ready").unwrap();
    let client = Client::new(host.url());
    client.send(&message("tck-complete-task-1")).await.unwrap();
    assert!(!host.output().contains(ACCESS_TOKEN), "{}", host.output());

    // A user that is named is taken as it is, and what the server says of it is passed on.
    url.set_username("stranger").unwrap();
    let refused = iam(url.as_str()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stdout).into_owned()
        + &String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(69), "{said}");
    assert!(said.contains("stranger"), "{said}");
    assert!(!said.contains(ACCESS_TOKEN), "{said}");
}
