//! Messages between processes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use attache_task_store::{Listener, Notice, Postgres, PostgresSettings};
use attache_tests::postgres::{Cluster, TestDatabase};
use tokio::time::{Instant, sleep, timeout};

use crate::connect;

async fn next(listener: &mut Listener) -> Option<Notice> {
    timeout(Duration::from_secs(30), listener.next())
        .await
        .expect("a notice")
}

#[tokio::test]
async fn hears_another_process_and_comes_back_after_a_loss() {
    let own = TestDatabase::create().await.unwrap();
    let (one, other) = (connect(own.url()).await, connect(own.url()).await);
    let mut listener = one.listen("attache: \"news\"");
    assert_eq!(next(&mut listener).await, Some(Notice::Connected));
    for number in 0..3 {
        let payload = format!("message {number}");
        other
            .notify("attache: \"news\"", payload.clone())
            .await
            .unwrap();
        other.notify("elsewhere", "no".to_owned()).await.unwrap();
        assert_eq!(next(&mut listener).await, Some(Notice::Message(payload)));
        own.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
        assert_eq!(next(&mut listener).await, Some(Notice::Lost));
        assert_eq!(next(&mut listener).await, Some(Notice::Connected));
    }
    drop(listener);
    let mut second = one.listen("second");
    assert_eq!(next(&mut second).await, Some(Notice::Connected));
    let deadline = Instant::now() + Duration::from_secs(30);
    let listening = "SELECT query FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    while own.sql(listening).await.unwrap() != [["LISTEN \"second\""]] {
        assert!(Instant::now() < deadline, "the first one is still there");
        sleep(Duration::from_millis(10)).await;
    }
    one.close().await;
    assert_eq!(next(&mut second).await, None);
}

/// A pooler in transaction mode loses what is announced, so the listener goes past it.
#[tokio::test]
async fn listens_past_a_pooler() {
    let cluster = Cluster::start(&[]).unwrap();
    let pooler = cluster.pool().unwrap();
    let settings = PostgresSettings {
        listen: Some(PostgresSettings::parse(cluster.url()).unwrap().config),
        ..PostgresSettings::parse(&pooler).unwrap()
    };
    let database = Postgres::connect(settings).await.unwrap();
    let mut listener = database.listen("news");
    assert_eq!(next(&mut listener).await, Some(Notice::Connected));
    database.notify("news", "here".to_owned()).await.unwrap();
    let heard = Notice::Message("here".to_owned());
    assert_eq!(next(&mut listener).await, Some(heard));
}

#[tokio::test]
async fn tells_the_time() {
    let own = TestDatabase::create().await.unwrap();
    let database = connect(own.url()).await;
    let told = database.server_time().await.unwrap();
    let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(u128::from(told).abs_diff(here.as_millis()) < 60_000);
}
