//! What an operator reads when the database cannot be used, and that nothing is lost.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use std::path::Path;
use std::time::Duration;

use attache_task_store::{
    Database, Durability, Error, IsMigrated, Migrate, Options, ReadState, Scope, Sqlite, WriteState,
};

fn write(key: &str, value: Vec<u8>) -> WriteState {
    WriteState {
        scope: Scope::default(),
        context_id: "c".to_owned(),
        key: key.to_owned(),
        value: Some(value),
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

/// The text of the refusal, which names the file.
fn unavailable<T: std::fmt::Debug>(outcome: Result<T, Error>, path: &Path) -> String {
    match outcome {
        Err(Error::Unavailable(text)) => {
            assert!(text.contains(&path.display().to_string()), "{text}");
            text
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_that_cannot_be_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let text = unavailable(Sqlite::open(file.join("data/tasks.db")), &file.join("data"));
    assert!(text.contains("cannot be created"), "{text}");
}

#[test]
fn a_folder_in_place_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = unavailable(Sqlite::open(folder.path()), folder.path());
    assert!(text.contains("cannot be opened"), "{text}");
    let outcome = Sqlite::open("");
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[test]
fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let text =
        "Dear diary, today I was taken for a database, and it was not even noon. ".repeat(99);
    std::fs::write(&path, &text).unwrap();
    let refusal = unavailable(Sqlite::open(&path), &path);
    assert!(refusal.contains("is not a SQLite database"), "{refusal}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_file_of_a_newer_build() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    assert_eq!(database.perform(IsMigrated).await, Ok(false));
    database.perform(Migrate).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute("INSERT INTO attache_schema (version) VALUES (99)", ())
        .unwrap();
    for outcome in [
        database.perform(Migrate).await,
        database.perform(IsMigrated).await.map(|_| ()),
    ] {
        let Err(Error::Unavailable(text)) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(
            text.contains("version 99") && text.contains("newer build"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn another_process_that_does_not_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let options = Options {
        busy_timeout: Duration::from_millis(100),
        ..Options::default()
    };
    let database = Sqlite::open_with(&path, &options).unwrap();
    database.perform(Migrate).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let text = unavailable(database.perform(write("k", b"v".to_vec())).await, &path);
    assert!(text.contains("another process"), "{text}");
    assert_eq!(database.perform(read("k")).await, Ok(None));
    other.execute_batch("ROLLBACK").unwrap();
    database.perform(write("k", b"v".to_vec())).await.unwrap();
    assert_eq!(database.perform(read("k")).await, Ok(Some(b"v".to_vec())));
}

#[tokio::test]
async fn a_schema_that_somebody_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    let text = unavailable(database.perform(read("k")).await, &path);
    assert!(text.contains("no such table"), "{text}");
    database.perform(Migrate).await.unwrap();
    database.perform(write("k", b"v".to_vec())).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute("UPDATE attache_state SET value = 7.5", ())
        .unwrap();
    let outcome = database.perform(read("k")).await;
    let Err(Error::Unavailable(text)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        text.contains("a real number where a blob belongs"),
        "{text}"
    );
}

/// A file at its limit is to SQLite what a full disk is.
#[tokio::test]
async fn a_disk_that_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let options = Options {
        durability: Durability::Machine,
        max_bytes: Some(2_400_000),
        ..Options::default()
    };
    let database = Sqlite::open_with(&path, &options).unwrap();
    database.perform(Migrate).await.unwrap();
    // One group, or a few: the large values do not fit, and the small ones beside them do.
    let waiting: Vec<_> = (0..40)
        .map(|number| {
            let large = number % 4 == 3;
            let value = vec![1; if large { 3_000_000 } else { 10 }];
            (large, database.perform(write(&format!("k{number}"), value)))
        })
        .collect();
    for (large, written) in waiting {
        if large {
            let text = unavailable(written.await, &path);
            assert!(text.contains("the disk is full"), "{text}");
        } else {
            written.await.unwrap();
        }
    }
    for number in 0..40 {
        let found = database.perform(read(&format!("k{number}"))).await.unwrap();
        assert_eq!(found.is_some(), number % 4 != 3, "k{number}");
    }
}
