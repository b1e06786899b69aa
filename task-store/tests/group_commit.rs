//! Many writers share commits, and none pays for the failure of another.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use attache_task_store::{
    Append, Begin, Begun, Change, Commits, Database, Error, Get, IsMigrated, List, Migrate,
    Opening, Options, Query, Scope, Snapshot, Sqlite, State,
};
use tokio::task::JoinSet;

const NOW: u64 = 1_800_000_000_000;
const WRITERS: usize = 32;
const TASKS: usize = 20;

fn scope() -> Scope {
    Scope::default()
}

fn change(state: State, event: &str, snapshot: bool) -> Change {
    Change {
        events: vec![event.as_bytes().to_vec()],
        state,
        status_time: NOW,
        snapshot: snapshot.then(|| Snapshot {
            task: b"{}".to_vec(),
            artifacts: None,
        }),
        checkpoint: None,
    }
}

fn creation(id: &str) -> Begin {
    Begin {
        scope: scope(),
        opening: Opening::Create {
            task_id: id.to_owned(),
            context_id: "c".to_owned(),
            message: None,
            first: change(State::Submitted, "first", true),
            push: None,
        },
        now: NOW,
        lease_ms: 30_000,
        idempotency_window_ms: 0,
    }
}

fn total() -> List {
    List {
        scope: scope(),
        query: Query {
            context_id: None,
            state: Some(State::Completed),
            status_since: None,
            after: None,
            page_size: 1,
            include_artifacts: false,
            max_bytes: u64::MAX,
        },
        now: NOW,
    }
}

/// Creates tasks and completes them, and sees to it that everything was answered rightly.
async fn write(database: Arc<Sqlite>, writer: usize) {
    for task in 0..TASKS {
        let id = format!("w{writer}-t{task}");
        let begun = database.perform(creation(&id)).await.unwrap();
        let Begun::Started { lease, .. } = begun else {
            panic!("{begun:?}");
        };
        // In a group with others that must not notice.
        let again = database.perform(creation(&id)).await;
        assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
        let append = Append {
            lease,
            change: change(State::Completed, &id, false),
            now: NOW,
            lease_ms: 30_000,
        };
        assert_eq!(database.perform(append.clone()).await.unwrap().newest, 2);
        let late = database.perform(append).await;
        assert_eq!(late, Err(Error::Finished(State::Completed)));
        // Readers see what was acknowledged.
        let get = Get {
            scope: scope(),
            task_id: id.clone(),
            now: NOW,
        };
        let stored = database.perform(get).await.unwrap();
        assert_eq!(stored.state, State::Completed);
        assert_eq!(stored.tail[0].payload, id.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let database = Arc::new(Sqlite::open(folder.path().join("tasks.db")).unwrap());
    database.perform(Migrate).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(Arc::clone(&database), writer));
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    let page = database.perform(total()).await.unwrap();
    assert_eq!(page.total, (WRITERS * TASKS) as u64);
    let Commits {
        operations,
        commits,
    } = database.commits();
    assert_eq!(operations, (WRITERS * TASKS * 4) as u64 + 1);
    assert!(commits <= operations, "{commits} for {operations}");
    database.close().await;
}

#[tokio::test]
async fn what_waits_is_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();
    let before = database.commits();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting: Vec<_> = (0..200)
        .map(|number| database.perform(creation(&format!("t{number}"))))
        .collect();
    other.execute_batch("COMMIT").unwrap();
    for begun in waiting {
        begun.await.unwrap();
    }
    let after = database.commits();
    assert_eq!(after.operations - before.operations, 200);
    // Those that had come when the writer began to wait, and all the others.
    let commits = after.commits - before.commits;
    assert!((1..=2).contains(&commits), "{commits} commits");
}

/// Several processes open the same new file at once: each its own connections, as here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_start_at_once_on_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/tasks.db");
    let mut processes = JoinSet::new();
    for number in 0..8 {
        let path = path.clone();
        processes.spawn(async move {
            let database = tokio::task::spawn_blocking(move || Sqlite::open(path))
                .await
                .unwrap();
            let database = database.unwrap();
            database.perform(Migrate).await.unwrap();
            database
                .perform(creation(&format!("t{number}")))
                .await
                .unwrap();
            assert_eq!(database.perform(IsMigrated).await, Ok(true));
            database.close().await;
        });
    }
    while let Some(started) = processes.join_next().await {
        started.unwrap();
    }
    let database = Sqlite::open(&path).unwrap();
    let mut all = total();
    all.query.state = None;
    assert_eq!(database.perform(all).await.unwrap().total, 8);
}

#[tokio::test]
async fn closing_finishes_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();
    // An operation waits from the moment that it is asked for.
    let waiting: Vec<_> = (0..500)
        .map(|number| database.perform(creation(&format!("t{number}"))))
        .collect();
    database.close().await;
    for begun in waiting {
        begun.await.unwrap();
    }
    let refused = database.perform(total()).await;
    assert!(matches!(&refused, Err(Error::Unavailable(text)) if text.contains("closed")));
    database.close().await;
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["tasks.db"]);
    let database = Sqlite::open(&path).unwrap();
    let mut all = total();
    all.query.state = None;
    assert_eq!(database.perform(all).await.unwrap().total, 500);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let options = Options {
        queue: 4,
        ..Options::default()
    };
    let database = Sqlite::open_with(&path, &options).unwrap();
    database.perform(Migrate).await.unwrap();
    // Another process writes, so the writer has to wait.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting: Vec<_> = (0..20)
        .map(|number| database.perform(creation(&format!("t{number}"))))
        .collect();
    // Reading goes on meanwhile.
    let page = database.perform(total()).await.unwrap();
    assert_eq!(page.total, 0);
    other.execute_batch("COMMIT").unwrap();
    let mut written = 0;
    for begun in waiting {
        match begun.await {
            Ok(_) => written += 1,
            Err(Error::Unavailable(text)) => assert!(text.contains("4 operations"), "{text}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!((4..20).contains(&written), "{written} of 20 were written");
    let mut all = total();
    all.query.state = None;
    assert_eq!(database.perform(all).await.unwrap().total, written);
}

static RESTED: AtomicUsize = AtomicUsize::new(0);

#[tokio::test]
async fn caches_are_given_back_after_much_work_and_not_after_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let options = Options {
        readers: 1,
        rested: Some(|| {
            RESTED.fetch_add(1, Ordering::SeqCst);
        }),
        ..Options::default()
    };
    let database = Sqlite::open_with(&path, &options).unwrap();
    database.perform(Migrate).await.unwrap();
    let rested = async |times: usize| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while RESTED.load(Ordering::SeqCst) != times {
            assert!(Instant::now() < deadline, "rested {RESTED:?} times");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    for number in 0..1_000 {
        let begun = database.perform(creation(&format!("t{number}"))).await;
        begun.unwrap();
    }
    rested(1).await;
    // The other connection has read nothing so far, and the first has little to give.
    for _ in 0..1_000 {
        database.perform(total()).await.unwrap();
    }
    database.perform(creation("another")).await.unwrap();
    rested(2).await;
    let mut all = total();
    all.query.state = None;
    assert_eq!(database.perform(all).await.unwrap().total, 1_001);
}
