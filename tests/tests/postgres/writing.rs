//! Writers that number what they write, so that what is missing or there twice can be told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use attache_task_store::{
    Append, Begin, Begun, Change, Database, Error, Events, Lease, Opening, Postgres, Scope,
    Snapshot, State,
};
use tokio::task::JoinSet;

const NOW: u64 = 1_800_000_000_000;

/// Writers of one task each, all of one owner, so that they also meet in its counters.
pub(crate) struct Writers {
    database: Postgres,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    writers: JoinSet<Written>,
}

/// What one writer was told.
struct Written {
    lease: Lease,
    /// How many events were acknowledged: they are numbered from 0.
    events: u64,
    refused: usize,
}

/// What all of them were told.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) acknowledged: usize,
    pub(crate) refused: usize,
}

impl Writers {
    pub(crate) async fn start(database: &Postgres, writers: usize) -> Self {
        let mut started = Self {
            database: database.clone(),
            stop: Arc::default(),
            acknowledged: Arc::default(),
            writers: JoinSet::new(),
        };
        for writer in 0..writers {
            let lease = create(database, &format!("task-{writer}")).await;
            let (database, stop) = (database.clone(), Arc::clone(&started.stop));
            let acknowledged = Arc::clone(&started.acknowledged);
            started
                .writers
                .spawn(async move { write(&database, lease, &stop, &acknowledged).await });
        }
        started
    }

    /// How many events were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Stops the writers and compares what they were told with what is there.
    pub(crate) async fn finish(mut self) -> Totals {
        self.stop.store(true, Ordering::Relaxed);
        let mut totals = Totals::default();
        while let Some(written) = self.writers.join_next().await {
            let written = written.unwrap();
            let stored = stored(&self.database, &written.lease).await;
            let expected: Vec<u64> = (0..written.events).collect();
            assert_eq!(stored, expected, "{}", written.lease.task_id);
            totals.acknowledged += stored.len();
            totals.refused += written.refused;
        }
        totals
    }
}

async fn write(
    database: &Postgres,
    lease: Lease,
    stop: &AtomicBool,
    acknowledged: &AtomicUsize,
) -> Written {
    let mut written = Written {
        lease,
        events: 1,
        refused: 0,
    };
    while !stop.load(Ordering::Relaxed) {
        match database
            .perform(append(&written.lease, written.events))
            .await
        {
            Ok(appended) => {
                written.events += 1;
                assert_eq!(appended.newest, written.events);
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            // Nothing was written, so the same number is sent again.
            Err(Error::Unavailable(text)) if !text.contains("not known") => written.refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    written
}

/// Creates a task whose only event is number 0.
pub(crate) async fn create(database: &Postgres, task_id: &str) -> Lease {
    let begin = Begin {
        scope: Scope::default(),
        opening: Opening::Create {
            task_id: task_id.to_owned(),
            context_id: "c".to_owned(),
            message: None,
            first: change(0),
            push: None,
        },
        now: NOW,
        lease_ms: 60_000,
        idempotency_window_ms: 0,
    };
    match database.perform(begin).await.unwrap() {
        Begun::Started { lease, .. } => lease,
        Begun::Repeated(task) => panic!("{task:?}"),
    }
}

/// Appends the event of this number.
pub(crate) fn append(lease: &Lease, number: u64) -> Append {
    Append {
        lease: lease.clone(),
        change: change(number),
        now: NOW,
        lease_ms: 60_000,
    }
}

fn change(number: u64) -> Change {
    Change {
        events: vec![number.to_string().into_bytes()],
        // Every event moves a task from one count to another.
        state: if number.is_multiple_of(2) {
            State::Working
        } else {
            State::Submitted
        },
        status_time: NOW + number,
        snapshot: Some(Snapshot {
            task: b"{}".to_vec(),
            artifacts: None,
        }),
        checkpoint: None,
    }
}

/// The numbers in the events of a task, in their order.
pub(crate) async fn stored(database: &Postgres, lease: &Lease) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let events = Events {
            scope: lease.scope.clone(),
            task_id: lease.task_id.clone(),
            after: numbers.len() as u64,
            now: NOW,
        };
        let events = database.perform(events).await.unwrap().events;
        if events.is_empty() {
            return numbers;
        }
        for event in events {
            assert_eq!(event.number, numbers.len() as u64 + 1);
            let number = String::from_utf8(event.payload).unwrap();
            numbers.push(number.parse().unwrap());
        }
    }
}
