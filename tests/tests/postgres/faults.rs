//! What breaks while the log is written: nothing that was acknowledged is lost, nothing is there
//! twice, and the service goes on by itself.

use std::time::Duration;

use attache_task_store::{
    Database, Error, Migrate, Postgres, PostgresSettings, ReadState, Scope, WriteState,
};
use attache_tests::postgres::{Cluster, TestDatabase, connect as raw};
use tokio::time::{Instant, sleep, timeout};

use crate::wire::{Break, Wire};
use crate::writing::{Writers, append, create, stored};
use crate::{connect, migrated, unavailable};

const WAIT: Duration = Duration::from_secs(60);

fn write(key: &str) -> WriteState {
    WriteState {
        scope: Scope::default(),
        context_id: "c".to_owned(),
        key: key.to_owned(),
        value: Some(b"v".to_vec()),
        now: 1,
    }
}

fn read(key: &str) -> ReadState {
    ReadState {
        scope: Scope::default(),
        context_id: "c".to_owned(),
        key: key.to_owned(),
    }
}

/// Waits until the writers were told so many times more that an event is written.
async fn progress(writers: &Writers, more: usize) {
    let deadline = Instant::now() + WAIT;
    let enough = writers.acknowledged() + more;
    while writers.acknowledged() < enough {
        assert!(Instant::now() < deadline, "the writers do not go on");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn connections_are_cut_under_load() {
    let cluster = Cluster::start(&[]).unwrap();
    let database = migrated(cluster.url()).await;
    let writers = Writers::start(&database, 8).await;
    let mut cut = 0;
    for _ in 0..40 {
        progress(&writers, 10).await;
        cut += cluster.terminate_clients().await.unwrap();
    }
    progress(&writers, 10).await;
    let totals = writers.finish().await;
    println!("{cut} connections cut, {totals:?}");
    assert!(cut >= 40, "{cut}");
    assert_eq!(totals.refused, 0);
}

#[tokio::test]
async fn the_server_crashes_and_restarts_under_load() {
    let cluster = Cluster::start(&[]).unwrap();
    let database = migrated(cluster.url()).await;
    let writers = Writers::start(&database, 8).await;
    for crash in [true, false, true] {
        progress(&writers, 50).await;
        if crash {
            cluster.crash().unwrap();
        } else {
            cluster.stop().unwrap();
        }
        cluster.start_again(&[]).unwrap();
    }
    progress(&writers, 50).await;
    println!("{:?}", writers.finish().await);
}

/// A server that is away for longer than anybody waits.
#[tokio::test]
async fn the_server_is_away_for_long() {
    let cluster = Cluster::start(&[]).unwrap();
    let database = migrated(cluster.url()).await;
    database.perform(write("before")).await.unwrap();
    cluster.stop().unwrap();
    let asked = Instant::now();
    let text = unavailable(database.perform(write("during")).await);
    assert!(text.contains("nothing listens there"), "{text}");
    assert!(asked.elapsed() < Duration::from_secs(8));
    cluster.start_again(&[]).unwrap();
    database.perform(write("after")).await.unwrap();
    assert_eq!(database.perform(read("during")).await, Ok(None));
    assert!(database.perform(read("before")).await.unwrap().is_some());
}

#[tokio::test]
async fn the_server_hangs_for_a_moment() {
    let cluster = Cluster::start(&[]).unwrap();
    let database = migrated(cluster.url()).await;
    database.perform(write("k")).await.unwrap();
    cluster.pause().unwrap();
    let waiting = tokio::spawn({
        let database = database.clone();
        async move { database.perform(read("k")).await }
    });
    sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    cluster.resume().unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(Some(b"v".to_vec())));
}

/// The moment at which nobody on this side knows whether the last event was written.
#[tokio::test]
async fn the_line_breaks_around_a_commit() {
    let cluster = Cluster::start(&[]).unwrap();
    let direct = migrated(cluster.url()).await;
    let config = PostgresSettings::parse(cluster.url()).unwrap().config;
    let port = config.get_ports()[0];
    let wire = Wire::to(port).await;
    let database = connect(&wire.url(cluster.url(), port)).await;
    let lease = create(&database, "t").await;
    let moments = [Break::BeforeCommit, Break::AfterCommit];
    for (number, moment) in (1..).zip(moments.into_iter().cycle().take(10)) {
        wire.arm(moment);
        let appended = database.perform(append(&lease, number)).await.unwrap();
        assert!(wire.broke(), "{moment:?}");
        assert_eq!(appended.newest, number + 1, "{moment:?}");
    }
    assert_eq!(stored(&direct, &lease).await, Vec::from_iter(0..=10));
}

#[tokio::test]
async fn the_server_only_reads() {
    let cluster = Cluster::start(&[]).unwrap();
    let database = migrated(cluster.url()).await;
    database.perform(write("k")).await.unwrap();
    let reload = "SELECT pg_reload_conf()";
    for statement in [
        "ALTER SYSTEM SET default_transaction_read_only = on",
        reload,
    ] {
        cluster.sql(statement).await.unwrap();
    }
    let deadline = Instant::now() + WAIT;
    let text = loop {
        match database.perform(write("k")).await {
            Err(Error::Unavailable(text)) => break text,
            other => assert!(Instant::now() < deadline, "{other:?}"),
        }
    };
    assert!(
        text.contains("read-only (a replica, or failing over)"),
        "{text}"
    );
    assert!(database.perform(read("k")).await.unwrap().is_some());
    database.perform(Migrate).await.unwrap();
    for statement in ["ALTER SYSTEM RESET default_transaction_read_only", reload] {
        cluster.sql(statement).await.unwrap();
    }
    let deadline = Instant::now() + WAIT;
    while let Err(error) = database.perform(write("k")).await {
        assert!(Instant::now() < deadline, "{error}");
    }
}

/// Locks the table that [`write`] writes until what is returned is dropped.
async fn hold(url: &str) -> tokio_postgres::Client {
    let holder = raw(url).await.unwrap();
    holder
        .batch_execute("BEGIN; LOCK TABLE attache_state IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    holder
}

/// Waits until so many statements wait for a lock.
async fn blocked(own: &TestDatabase, expected: &str) {
    let deadline = Instant::now() + WAIT;
    loop {
        let waiting = own
            .sql(
                "SELECT COUNT(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .await
            .unwrap();
        if waiting == [[expected]] {
            return;
        }
        assert!(Instant::now() < deadline, "{waiting:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn every_connection_is_busy() {
    let own = TestDatabase::create().await.unwrap();
    migrated(own.url()).await.close().await;
    let settings = PostgresSettings {
        pool: 2,
        pool_timeout: Duration::from_millis(200),
        ..PostgresSettings::parse(own.url()).unwrap()
    };
    let database = Postgres::connect(settings).await.unwrap();
    let holder = hold(own.url()).await;
    let waiting = ["a", "b"].map(|key| {
        let database = database.clone();
        tokio::spawn(async move { database.perform(write(key)).await })
    });
    blocked(&own, "2").await;
    let text = unavailable(database.perform(write("c")).await);
    assert!(
        text.contains("all 2 connections of this process were busy"),
        "{text}"
    );
    holder.batch_execute("COMMIT").await.unwrap();
    for written in waiting {
        assert_eq!(written.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_statement_takes_too_long() {
    let own = TestDatabase::create().await.unwrap();
    migrated(own.url()).await.close().await;
    let settings = PostgresSettings {
        statement_timeout: Duration::from_millis(100),
        ..PostgresSettings::parse(own.url()).unwrap()
    };
    let database = Postgres::connect(settings).await.unwrap();
    let holder = hold(own.url()).await;
    let text = unavailable(database.perform(write("k")).await);
    assert!(text.contains("longer than its time-out"), "{text}");
    drop(holder);
    database.perform(write("k")).await.unwrap();
}

#[tokio::test]
async fn nobody_waits_for_the_answer_any_more() {
    let own = TestDatabase::create().await.unwrap();
    let database = migrated(own.url()).await;
    let holder = hold(own.url()).await;
    let given_up = timeout(Duration::from_millis(50), database.perform(write("k"))).await;
    assert!(given_up.is_err());
    blocked(&own, "1").await;
    let closing = tokio::spawn({
        let database = database.clone();
        async move { database.close().await }
    });
    sleep(Duration::from_millis(50)).await;
    assert!(!closing.is_finished(), "what runs is finished first");
    holder.batch_execute("COMMIT").await.unwrap();
    closing.await.unwrap();
    let text = unavailable(database.perform(write("other")).await);
    assert!(text.contains("shutting down"), "{text}");
    let database = connect(own.url()).await;
    assert!(database.perform(read("k")).await.unwrap().is_some());
}
