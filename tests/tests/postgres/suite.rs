//! The suite of every executor, and what several processes do to one database at once.

use attache_task_store::{Database, IsMigrated, Migrate, suite};
use attache_tests::postgres::{Cluster, TestDatabase, with_database};
use tokio::task::JoinSet;

use crate::connect;

#[tokio::test]
async fn holds_again_and_again() {
    let own = TestDatabase::create().await.unwrap();
    let database = connect(own.url()).await;
    let first = suite::run_all(&database).await.unwrap();
    assert!(first > 1000, "only {first} checks");
    assert_eq!(suite::run_all(&database).await, Ok(first));
    database.close().await;
}

/// The cases of the suite that claim what others abandoned cannot share a database, so each of the
/// two has its own, and they share the pooler's connections.
#[tokio::test]
async fn holds_behind_a_pooler() {
    let cluster = Cluster::start(&[]).unwrap();
    let pooler = cluster.pool().unwrap();
    cluster.sql("CREATE DATABASE one").await.unwrap();
    let (first, second) = (
        connect(&pooler).await,
        connect(&with_database(&pooler, "one")).await,
    );
    let (first, second) = tokio::join!(suite::run_all(&first), suite::run_all(&second));
    assert!(first.unwrap() > 1000);
    assert!(second.unwrap() > 1000);
}

#[tokio::test]
async fn migrates_once_when_many_start_together() {
    let own = TestDatabase::create().await.unwrap();
    for _ in 0..3 {
        let mut starting = JoinSet::new();
        for _ in 0..6 {
            let url = own.url().to_owned();
            starting.spawn(async move {
                let database = connect(&url).await;
                database.perform(Migrate).await?;
                database.perform(IsMigrated).await
            });
        }
        while let Some(started) = starting.join_next().await {
            assert_eq!(started.unwrap(), Ok(true));
        }
        let versions = own
            .sql("SELECT COUNT(*) = MAX(version) FROM attache_schema")
            .await
            .unwrap();
        assert_eq!(versions, [["t"]]);
        own.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            .await
            .unwrap();
    }
}
