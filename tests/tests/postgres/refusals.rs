//! What an operator reads when the database cannot be used.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attache_task_store::{
    Credentials, Database, IsMigrated, Migrate, PasswordSource, Postgres, PostgresSettings,
};
use attache_tests::postgres::{Cluster, connect as raw, with_database};
use tokio::time::{Instant, sleep};

use crate::{migrated, unavailable};

/// Why the server cannot be used.
async fn refusal(url: &str) -> String {
    unavailable(Postgres::connect(PostgresSettings::parse(url).unwrap()).await)
}

/// The URL for another role, with the password `other secret`.
fn role(url: &str, role: &str) -> String {
    let (_, behind) = url.split_once('@').unwrap();
    format!("postgres://{role}:other%20secret@{behind}")
}

#[tokio::test]
async fn says_why_nobody_is_let_in() {
    let cluster = Cluster::start(&[]).unwrap();
    let url = cluster.url();
    for statement in [
        "CREATE ROLE guest LOGIN PASSWORD 'other secret'",
        "CREATE ROLE busy LOGIN PASSWORD 'other secret' CONNECTION LIMIT 1",
        "CREATE ROLE idle PASSWORD 'other secret'",
        "CREATE DATABASE closed",
        "REVOKE CONNECT ON DATABASE closed FROM public",
    ] {
        cluster.sql(statement).await.unwrap();
    }
    let busy = role(url, "busy");
    let held = raw(&busy).await.unwrap();
    for (url, part) in [
        (
            role(url, "postgres"),
            "does not exist or its password is wrong",
        ),
        (role(url, "stranger"), "ALTER ROLE \"stranger\" PASSWORD"),
        (role(url, "idle"), "check its login right"),
        (with_database(url, "none"), "CREATE DATABASE \"none\""),
        (
            with_database(&role(url, "guest"), "closed"),
            "GRANT CONNECT ON DATABASE \"closed\" TO \"guest\"",
        ),
        (busy, "no connection left"),
        (format!("{url}?sslmode=require"), "the server refuses TLS"),
        (
            url.replace("127.0.0.1", "nobody.invalid"),
            "cannot be resolved",
        ),
        (
            "postgres://me:other%20secret@127.0.0.1:1/d".to_owned(),
            "nothing listens there",
        ),
    ] {
        let text = refusal(&url).await;
        assert!(text.contains(part), "{part}: {text}");
        assert!(!text.contains("secret"), "{text}");
        assert!(text.starts_with("the PostgreSQL database \""), "{text}");
    }
    drop(held);
}

#[tokio::test]
async fn says_which_right_is_missing() {
    let cluster = Cluster::start(&[]).unwrap();
    for statement in [
        "CREATE ROLE guest LOGIN PASSWORD 'other secret'",
        "REVOKE CREATE ON SCHEMA public FROM public",
    ] {
        cluster.sql(statement).await.unwrap();
    }
    let guest = PostgresSettings::parse(&role(cluster.url(), "guest")).unwrap();
    let guest = Postgres::connect(guest).await.unwrap();
    let text = unavailable(guest.perform(Migrate).await);
    let grant = "GRANT USAGE, CREATE ON SCHEMA public TO \"guest\"";
    assert!(text.contains(grant), "{text}");

    let owner = migrated(cluster.url()).await;
    // Somebody else has created the tables, and nothing is left to create.
    let text = unavailable(guest.perform(IsMigrated).await);
    assert!(
        text.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON"),
        "{text}"
    );
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest";
    cluster.sql(grant).await.unwrap();
    guest.perform(Migrate).await.unwrap();
    assert_eq!(guest.perform(IsMigrated).await, Ok(true));

    cluster
        .sql("DELETE FROM attache_schema WHERE version > 1")
        .await
        .unwrap();
    let text = unavailable(guest.perform(Migrate).await);
    assert!(text.contains("belong to another role"), "{text}");
    cluster.sql("DROP TABLE attache_state").await.unwrap();
    let read = attache_task_store::ReadState {
        scope: attache_task_store::Scope::default(),
        context_id: "c".to_owned(),
        key: "k".to_owned(),
    };
    let text = unavailable(owner.perform(read).await);
    assert!(text.contains("its tables are missing"), "{text}");
    cluster.sql("DROP SCHEMA public CASCADE").await.unwrap();
    let text = unavailable(owner.perform(Migrate).await);
    assert!(text.contains("has no schema for the tables"), "{text}");
}

/// Passwords that expire, as tokens do.
struct Tokens {
    cluster: Arc<Cluster>,
}

impl PasswordSource for Tokens {
    fn password(&self) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
        Box::pin(async {
            let token = format!("token-{:?}", Instant::now());
            let set = format!("ALTER ROLE service PASSWORD '{token}'");
            self.cluster.sql(&set).await?;
            Ok(token)
        })
    }
}

/// Gives none.
struct NoTokens;

impl PasswordSource for NoTokens {
    fn password(&self) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
        Box::pin(async { Err("the metadata server does not answer".to_owned()) })
    }
}

#[tokio::test]
async fn asks_for_a_password_for_each_connection() {
    let cluster = Arc::new(Cluster::start(&[]).unwrap());
    cluster.sql("CREATE ROLE service LOGIN").await.unwrap();
    let (_, behind) = cluster.url().split_once('@').unwrap();
    let url = format!("postgres://service@{behind}");
    let text = refusal(&url).await;
    assert!(
        text.contains("asks for the password of role \"service\""),
        "{text}"
    );

    let settings = |source: Arc<dyn PasswordSource>| PostgresSettings {
        credentials: Credentials::Source(source),
        ..PostgresSettings::parse(&url).unwrap()
    };
    let database = Postgres::connect(settings(Arc::new(Tokens {
        cluster: Arc::clone(&cluster),
    })))
    .await
    .unwrap();
    for _ in 0..3 {
        database.server_time().await.unwrap();
        // The next connection needs the next token.
        cluster.terminate_clients().await.unwrap();
        sleep(std::time::Duration::from_millis(1)).await;
    }
    let text = unavailable(Postgres::connect(settings(Arc::new(NoTokens))).await);
    assert!(text.contains("could not be fetched"), "{text}");
    assert!(text.contains("metadata server"), "{text}");
    let shown = format!("{:?}", PostgresSettings::parse(cluster.url()).unwrap());
    let password = cluster.url().split([':', '@']).nth(2).unwrap().to_owned();
    assert!(!shown.contains(&password), "{shown}");
}
