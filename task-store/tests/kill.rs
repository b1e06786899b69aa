//! What was acknowledged is still there after the process was killed in the middle of writing.
//!
//! The test is its own victim: started with a path in its environment, it writes to that database
//! for ever and says on stderr, which the test runner leaves alone, what was acknowledged.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write, stderr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use attache_task_store::{
    Append, Begin, Begun, Change, ClaimExpired, Database, Get, Migrate, Opening, Scope, Snapshot,
    Sqlite, State,
};

const DATABASE: &str = "ATTACHE_TEST_DATABASE";
const ROUND: &str = "ATTACHE_TEST_ROUND";
const ROUNDS: usize = 4;
const WRITERS: usize = 8;
const NOW: u64 = 1_800_000_000_000;
const LEASE: u64 = 30_000;

#[tokio::test]
async fn acknowledged_writes_survive() {
    match std::env::var_os(DATABASE) {
        Some(path) => write_until_killed(Path::new(&path)).await,
        None => kill_writers().await,
    }
}

fn change(event: &str) -> Change {
    Change {
        events: vec![event.as_bytes().to_vec()],
        state: State::Working,
        status_time: NOW,
        snapshot: Some(Snapshot {
            task: event.as_bytes().to_vec(),
            artifacts: None,
        }),
        checkpoint: None,
    }
}

/// Says `id number` for every event that was acknowledged.
async fn write_until_killed(path: &Path) {
    let database = Arc::new(Sqlite::open(path).unwrap());
    database.perform(Migrate).await.unwrap();
    let round = std::env::var(ROUND).unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(Arc::clone(&database), format!("r{round}-w{writer}"))))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write(database: Arc<Sqlite>, name: String) {
    for number in 0.. {
        let id = format!("{name}-t{number}");
        let begin = Begin {
            scope: Scope::default(),
            opening: Opening::Create {
                task_id: id.clone(),
                context_id: "c".to_owned(),
                message: None,
                first: change("1"),
                push: None,
            },
            now: NOW,
            lease_ms: LEASE,
            idempotency_window_ms: 0,
        };
        let Begun::Started { lease, .. } = database.perform(begin).await.unwrap() else {
            panic!("{id} was repeated");
        };
        writeln!(stderr().lock(), "{id} 1").unwrap();
        for event in ["2", "3"] {
            let append = Append {
                lease: lease.clone(),
                change: change(event),
                now: NOW,
                lease_ms: LEASE,
            };
            database.perform(append).await.unwrap();
            writeln!(stderr().lock(), "{id} {event}").unwrap();
        }
    }
}

async fn kill_writers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["acknowledged_writes_survive", "--exact"])
            .env(DATABASE, &path)
            .env(ROUND, round.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stderr.take().unwrap()).lines();
        for (said, line) in lines.enumerate() {
            // The rest was acknowledged too, between the decision and the kill.
            if said == 500 + round * 300 {
                victim.kill().unwrap();
            }
            let line = line.unwrap();
            let (id, number) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
            acknowledged.insert(id.to_owned(), number.parse().unwrap());
        }
        let status = victim.wait().unwrap();
        assert!(!status.success(), "the writer ended by itself: {status}");
        everything_is_there(&path, &acknowledged).await;
    }
}

async fn everything_is_there(path: &Path, acknowledged: &BTreeMap<String, u64>) {
    let database = Sqlite::open(path).unwrap();
    database.perform(Migrate).await.unwrap();
    for (id, number) in acknowledged {
        let get = Get {
            scope: Scope::default(),
            task_id: id.clone(),
            now: NOW + LEASE,
        };
        let task = database
            .perform(get)
            .await
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(
            task.newest >= *number,
            "{id} has {} of {number} events",
            task.newest
        );
        assert_eq!(
            task.snapshot.task,
            task.newest.to_string().into_bytes(),
            "{id}"
        );
        assert!(!task.running, "{id}");
    }
    // The runs died with the process, and all of them are found.
    let claim = ClaimExpired {
        now: NOW + LEASE,
        lease_ms: 0,
        limit: 1_000_000,
    };
    let claimed = database.perform(claim).await.unwrap();
    assert!(
        claimed.len() >= acknowledged.len(),
        "{} claimed",
        claimed.len()
    );
    database.close().await;
    let integrity: String = rusqlite::Connection::open(path)
        .unwrap()
        .query_row("PRAGMA integrity_check", (), |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
}
