//! Reads the same from several databases, in turns, so that what else the machine does falls on all
//! of them alike.

use std::time::{Duration, Instant};

use attache_task_store::{Cursor, Database, Error, Get, List, Query, Scope, State};
use serde_json::{Map, Value, json};

use super::store::Store;
use super::tasks::{context_id, mixed, status_time, task_id};

/// Reads of each kind before the measurement: a process that has served for a while has the inner
/// pages of its trees in memory, and with a million tasks there are thousands.
const WARM_UP: u64 = 2_000;
/// Rounds, and reads of one kind from one database in a round.
const ROUNDS: u64 = 100;
const READS: u64 = 10;
/// As the engine bounds a page.
const PAGE_BYTES: u64 = 4 * 1024 * 1024;
/// How many tasks changed since the time that a listing asks for.
const RECENT: u64 = 500;

/// A kind of read: what the client asks for.
const KINDS: [&str; 9] = [
    "GetTask, a new one",
    "GetTask, any",
    "ListTasks, 50",
    "ListTasks, 100",
    "ListTasks, 50 from the middle",
    "ListTasks, 50 in a state",
    "ListTasks, 50 since a time",
    "ListTasks, a context",
    "ListTasks, a context and state",
];

/// The median microseconds of each kind, in the order of the databases.
pub(crate) async fn read(stored: &[(Store, u64)]) -> Result<Map<String, Value>, String> {
    for (store, count) in stored {
        for kind in 0..KINDS.len() {
            for read in 0..WARM_UP {
                measured(store, *count, kind, mixed(!read)).await?;
            }
        }
    }
    let mut times = vec![vec![Vec::new(); stored.len()]; KINDS.len()];
    for round in 0..ROUNDS {
        for (kind, times) in times.iter_mut().enumerate() {
            for ((store, count), times) in stored.iter().zip(times) {
                for read in 0..READS {
                    let random = mixed(round * READS + read);
                    times.push(measured(store, *count, kind, random).await?);
                }
            }
        }
    }
    let medians = KINDS.iter().zip(times).map(|(kind, times)| {
        let medians = times.into_iter().map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() * 1e6
        });
        ((*kind).to_owned(), json!(medians.collect::<Vec<f64>>()))
    });
    Ok(medians.collect())
}

/// How long one read takes.
async fn measured(store: &Store, count: u64, kind: usize, random: u64) -> Result<Duration, String> {
    let start = Instant::now();
    let read = one(store, count, kind, random).await;
    read.map_err(|error| format!("{}: {error}", KINDS[kind]))?;
    Ok(start.elapsed())
}

/// One read, which has to return what was stored.
async fn one(store: &Store, count: u64, kind: usize, random: u64) -> Result<(), Error> {
    let anyone = random % count;
    let mut query = Query {
        context_id: None,
        state: None,
        status_since: None,
        after: None,
        page_size: 50,
        include_artifacts: false,
        max_bytes: PAGE_BYTES,
    };
    let mut expected = 50;
    let mut total = count;
    match kind {
        0 => return get(store, count - 1 - random % RECENT).await,
        1 => return get(store, anyone).await,
        2 => {}
        3 => {
            query.page_size = 100;
            expected = 100;
        }
        4 => {
            let before = count / 2 + random % (count / 4);
            query.after = Some(Cursor {
                status_time: status_time(before),
                task_id: task_id(before),
            });
        }
        5 => {
            query.state = Some(State::Failed);
            total = count / 10;
        }
        6 => {
            query.status_since = Some(status_time(count - RECENT));
            total = RECENT;
        }
        _ => {
            query.context_id = Some(context_id(anyone));
            (expected, total) = (10, 10);
            if kind == 8 {
                query.state = Some(State::Failed);
                (expected, total) = (1, 1);
            }
        }
    }
    let list = List {
        scope: Scope::default(),
        query,
        now: status_time(count),
    };
    let page = store.perform(list).await?;
    assert_eq!(
        (page.tasks.len(), page.total),
        (expected, total),
        "{}",
        KINDS[kind]
    );
    Ok(())
}

async fn get(store: &Store, number: u64) -> Result<(), Error> {
    let get = Get {
        scope: Scope::default(),
        task_id: task_id(number),
        now: status_time(number),
    };
    store.perform(get).await.map(|_| ())
}
