//! The task log in PostgreSQL: what it promises, and through which failures.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod crashes;
mod faults;
mod listening;
mod plans;
mod refusals;
mod suite;
mod tls;
mod together;
mod wire;
mod writing;

use attache_task_store::{Database, Error, Migrate, Postgres, PostgresSettings};

/// Connects.
async fn connect(url: &str) -> Postgres {
    Postgres::connect(PostgresSettings::parse(url).unwrap())
        .await
        .unwrap()
}

/// Connects and creates the schema.
async fn migrated(url: &str) -> Postgres {
    let database = connect(url).await;
    database.perform(Migrate).await.unwrap();
    database
}

/// The text of a refusal.
fn unavailable<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome {
        Err(Error::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}
