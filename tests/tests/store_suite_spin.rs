//! The task store keeps its rules on Spin's SQLite.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use attache_tests::guests;
use attache_tests::spin::{self, Database, SpinConfig};

#[tokio::test]
async fn the_task_store_keeps_every_rule_over_spin_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let config = SpinConfig::new(guests::component("store-suite").unwrap()).database(
        "default",
        Database::File(folder.path().join("sqlite_db.db")),
    );
    // The second time there is a schema, and other data than what the suite writes.
    for round in 1..=2 {
        let (result,): (Result<u32, String>,) = spin::call(&config, "run").await.unwrap();
        let checks = result.unwrap_or_else(|failed| panic!("round {round}: {failed}"));
        assert!(checks > 100, "round {round}: only {checks} checks");
    }
}

#[tokio::test]
async fn a_database_that_is_not_listed_comes_with_what_to_write_into_the_manifest() {
    let config = SpinConfig::new(guests::component("store-suite").unwrap());
    let (result,): (Result<u32, String>,) = spin::call(&config, "run").await.unwrap();
    let error = result.unwrap_err();
    assert!(
        error.contains("sqlite_databases = [\"default\"]"),
        "{error}"
    );
}
