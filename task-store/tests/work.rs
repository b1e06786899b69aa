//! What a listing or a read costs does not grow with the number of tasks that are stored.
//!
//! Counted in the steps of SQLite's virtual machine, which are the same on every machine: the
//! statements of an operation are noted with their parameters, and run again on a connection that
//! counts. `make bench` measures the time.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use attache_task_store::{
    Begin, Change, Cursor, Database, Error, Events, Get, List, Migrate, Opening, Operation, Query,
    Row, Scope, Snapshot, Sqlite, State, Transaction, Value,
};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, StatementStatus, params_from_iter};

const FEW: u64 = 1_000;
const MANY: u64 = 100_000;
/// Tasks in one transaction.
const BATCH: u64 = 1_000;
/// Tasks of a conversation.
const CONTEXT: u64 = 20;
/// How many tasks changed since the time that listings ask for.
const RECENT: u64 = 200;
const NOW: u64 = 1_800_000_000_000;

/// The ids are not in the order of time, which is the worst for whoever reads by time.
fn task_id(number: u64) -> String {
    format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn context_id(number: u64) -> String {
    format!("context-{}", number / CONTEXT)
}

fn state(number: u64) -> State {
    if number.is_multiple_of(2) {
        State::Completed
    } else {
        State::Failed
    }
}

/// Stores many tasks in one transaction.
struct Batch(std::ops::Range<u64>);

impl Operation for Batch {
    type Output = ();
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        for number in self.0.clone() {
            let begin = Begin {
                scope: Scope::default(),
                opening: Opening::Create {
                    task_id: task_id(number),
                    context_id: context_id(number),
                    message: None,
                    first: Change {
                        events: vec![b"{}".to_vec(); 2],
                        state: state(number),
                        status_time: NOW + number,
                        snapshot: Some(Snapshot {
                            task: b"{}".to_vec(),
                            artifacts: None,
                        }),
                        checkpoint: None,
                    },
                    push: None,
                },
                now: NOW,
                lease_ms: 1,
                idempotency_window_ms: 0,
            };
            begin.run(transaction).await?;
        }
        Ok(())
    }
}

type Noted = Arc<Mutex<Vec<(&'static str, Vec<Value>)>>>;

/// Passes an operation on, and notes its statements.
struct Noting<O>(O, Noted);

struct NotingTransaction<'a, T>(&'a mut T, &'a Noted);

impl<O: Operation> Operation for Noting<O> {
    type Output = O::Output;
    const READ_ONLY: bool = O::READ_ONLY;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<O::Output, Error> {
        let mut noting = NotingTransaction(transaction, &self.1);
        self.0.run(&mut noting).await
    }
}

impl<T: Transaction> Transaction for NotingTransaction<'_, T> {
    async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, Error> {
        self.0.execute(sql, params).await
    }

    async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Error> {
        self.1.lock().unwrap().push((sql, params.to_vec()));
        self.0.query(sql, params).await
    }
}

/// A database with so many tasks, and a connection that counts.
struct Stored {
    count: u64,
    database: Sqlite,
    counting: Connection,
}

impl Stored {
    async fn with(path: &Path, count: u64) -> Self {
        let database = Sqlite::open(path).unwrap();
        database.perform(Migrate).await.unwrap();
        for first in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
            database.perform(Batch(first..first + BATCH)).await.unwrap();
        }
        let counting = Connection::open(path).unwrap();
        Self {
            count,
            database,
            counting,
        }
    }

    /// The steps of each statement of an operation, and what it returned.
    async fn steps<O: Operation + 'static>(
        &self,
        operation: O,
    ) -> (Vec<(&'static str, i32)>, O::Output) {
        let noted = Noted::default();
        let noting = Noting(operation, noted.clone());
        let output = self.database.perform(noting).await.unwrap();
        let noted = noted.lock().unwrap();
        let steps = noted.iter().map(|(sql, params)| {
            let mut statement = self.counting.prepare(sql).unwrap();
            let params = params.iter().map(|value| match value {
                Value::Integer(value) => Sql::Integer(*value),
                Value::Text(value) => Sql::Text(value.clone()),
                Value::Null => Sql::Null,
                other => panic!("{sql}: {other:?}"),
            });
            let mut rows = statement.query(params_from_iter(params)).unwrap();
            while rows.next().unwrap().is_some() {}
            drop(rows);
            assert_eq!(statement.get_status(StatementStatus::Sort), 0, "{sql}");
            assert_eq!(
                statement.get_status(StatementStatus::FullscanStep),
                0,
                "{sql}"
            );
            (*sql, statement.get_status(StatementStatus::VmStep))
        });
        (steps.collect(), output)
    }
}

/// Every kind of listing, for a database of this size.
fn listings(count: u64) -> Vec<Query> {
    let middle = count / 2;
    let mut queries = Vec::new();
    for after in [None, Some(middle)] {
        for context in [None, Some(context_id(middle - 1))] {
            for state in [None, Some(State::Failed)] {
                // A listing since a time that goes on from the middle has nothing to show.
                for since in [None, Some(NOW + count - RECENT)] {
                    queries.push(Query {
                        context_id: context.clone(),
                        state,
                        status_since: since,
                        after: after.map(|number| Cursor {
                            status_time: NOW + number,
                            task_id: task_id(number),
                        }),
                        page_size: 50,
                        include_artifacts: false,
                        max_bytes: u64::MAX,
                    });
                }
            }
        }
    }
    queries
}

fn same(what: &str, few: &[(&'static str, i32)], many: &[(&'static str, i32)]) {
    assert_eq!(few.len(), many.len(), "{what}: other statements");
    for ((sql, few), (_, many)) in few.iter().zip(many) {
        // Which shards of a counter there are may differ by a few rows.
        assert!(
            f64::from(*many) <= f64::from(*few) * 1.1,
            "{what}: {few} steps with {FEW} tasks, {many} with {MANY}:\n{sql}"
        );
    }
}

#[tokio::test]
async fn a_page_takes_as_many_steps_of_many_tasks_as_of_few() {
    let folder = tempfile::tempdir().unwrap();
    let few = Stored::with(&folder.path().join("few.db"), FEW).await;
    let many = Stored::with(&folder.path().join("many.db"), MANY).await;

    let mut full = 0;
    for (of_few, of_many) in listings(FEW).into_iter().zip(listings(MANY)) {
        let what = format!("{of_many:?}");
        let list = |query| List {
            scope: Scope::default(),
            query,
            now: NOW,
        };
        let (few_steps, few_page) = few.steps(list(of_few)).await;
        let (many_steps, many_page) = many.steps(list(of_many)).await;
        assert_eq!(few_page.tasks.len(), many_page.tasks.len(), "{what}");
        full += usize::from(many_page.tasks.len() == 50);
        same(&what, &few_steps, &many_steps);
    }
    assert!(full >= 6, "only {full} listings have a full page");

    for number in [0, FEW / 2, FEW - 1] {
        let task_of = |stored: &Stored| task_id(number * (stored.count / FEW));
        let get = |task_id| Get {
            scope: Scope::default(),
            task_id,
            now: NOW,
        };
        let events = |task_id| Events {
            scope: Scope::default(),
            task_id,
            after: 0,
            now: NOW,
        };
        let (few_steps, _) = few.steps(get(task_of(&few))).await;
        let (many_steps, _) = many.steps(get(task_of(&many))).await;
        same("one task", &few_steps, &many_steps);
        let (few_steps, _) = few.steps(events(task_of(&few))).await;
        let (many_steps, _) = many.steps(events(task_of(&many))).await;
        same("events", &few_steps, &many_steps);
    }
}
