//! How many tasks per second 32 concurrent callers create and complete on a file, for each
//! durability; and how long a listing takes when there are many.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement ends where it fails"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use attache_task_store::{
    Append, Begin, Begun, Change, Database, Durability, List, Migrate, Opening, Options, Query,
    Scope, Snapshot, Sqlite, State,
};
use tokio::task::JoinSet;

const CREATORS: usize = 32;
const TIME: Duration = Duration::from_secs(3);
const NOW: u64 = 1_800_000_000_000;
/// A small answer as ProtoJSON.
const PAYLOAD: [u8; 400] = [b'x'; 400];

#[tokio::main]
async fn main() {
    for durability in [Durability::Process, Durability::Machine] {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            durability,
            ..Options::default()
        };
        let database = Sqlite::open_with(folder.path().join("tasks.db"), &options).unwrap();
        database.perform(Migrate).await.unwrap();
        let database = Arc::new(database);

        let before = database.commits();
        let start = Instant::now();
        let mut creators = JoinSet::new();
        for creator in 0..CREATORS {
            creators.spawn(create(Arc::clone(&database), creator, start));
        }
        let mut slowest = Vec::new();
        while let Some(times) = creators.join_next().await {
            slowest.extend(times.unwrap());
        }
        let seconds = start.elapsed().as_secs_f64();
        let after = database.commits();
        slowest.sort_unstable();
        let percentile = |part: usize| slowest.get(slowest.len() * part / 100).copied();
        let operations = after.operations - before.operations;
        let commits = after.commits - before.commits;
        println!(
            "{durability:?}: {CREATORS} creators: {:.0} acknowledged operations/s ({:.0} tasks/s) \
             in {:.0} commits/s; median {:?}, 99th percentile {:?}",
            operations as f64 / seconds,
            operations as f64 / seconds / 2.0,
            commits as f64 / seconds,
            percentile(50).unwrap(),
            percentile(99).unwrap(),
        );
        listings(&database).await;
    }
}

/// Creates and completes tasks until the time is over. Returns how long each call took.
async fn create(database: Arc<Sqlite>, creator: usize, start: Instant) -> Vec<Duration> {
    let change = |state| Change {
        events: vec![PAYLOAD.to_vec()],
        state,
        status_time: NOW + u64::try_from(start.elapsed().as_millis()).unwrap(),
        snapshot: Some(Snapshot {
            task: PAYLOAD.to_vec(),
            artifacts: None,
        }),
        checkpoint: None,
    };
    let mut times = Vec::new();
    for number in 0.. {
        if start.elapsed() > TIME {
            break;
        }
        let begin = Begin {
            scope: Scope::default(),
            opening: Opening::Create {
                task_id: format!("{creator:02}-{number:06}-4f2c041f-875c-4e27-aa75"),
                context_id: format!("context-{creator}-{}", number / 10),
                message: None,
                first: change(State::Working),
                push: None,
            },
            now: NOW,
            lease_ms: 30_000,
            idempotency_window_ms: 0,
        };
        let asked = Instant::now();
        let Begun::Started { lease, .. } = database.perform(begin).await.unwrap() else {
            panic!("a new task was repeated");
        };
        times.push(asked.elapsed());
        let append = Append {
            lease,
            change: change(State::Completed),
            now: NOW,
            lease_ms: 30_000,
        };
        let asked = Instant::now();
        database.perform(append).await.unwrap();
        times.push(asked.elapsed());
    }
    times
}

async fn listings(database: &Sqlite) {
    let query = Query {
        context_id: None,
        state: None,
        status_since: None,
        after: None,
        page_size: 50,
        include_artifacts: false,
        max_bytes: u64::MAX,
    };
    let mut total = 0;
    let start = Instant::now();
    let mut rounds = 0;
    let mut list = List {
        scope: Scope::default(),
        query,
        now: NOW,
    };
    while start.elapsed() < TIME / 10 {
        let page = database.perform(list.clone()).await.unwrap();
        total = page.total;
        list.query.after = page.next;
        rounds += 1;
    }
    let each = start.elapsed() / rounds;
    println!("  a page of 50 of {total} tasks: {each:?}");
}
