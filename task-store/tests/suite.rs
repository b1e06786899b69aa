//! The suite on SQLite.

use attache_task_store::{Sqlite, suite};

#[tokio::test]
async fn holds_in_memory() {
    let database = Sqlite::open(":memory:").unwrap();
    let checks = suite::run_all(&database).await.unwrap();
    assert!(checks > 1000, "only {checks} checks");
}

#[tokio::test]
async fn holds_in_a_file_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folders/tasks.db");
    let mut counts = Vec::new();
    for _ in 0..2 {
        let database = Sqlite::open(&path).unwrap();
        counts.push(suite::run_all(&database).await.unwrap());
        counts.push(suite::run_all(&database).await.unwrap());
        database.close().await;
    }
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}
