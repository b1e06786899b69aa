//! Whether reading a task or a page costs more when more tasks are stored.
//!
//! ```text
//! stored seed DATABASE COUNT        stores that many tasks, in an empty database
//! stored read DATABASE=COUNT ...    reads the same from each of them, in turns, and prints the
//!                                   median microseconds of each kind of read as JSON
//! stored names COUNT                prints the ids of some of so many tasks, and of their contexts
//! ```
//!
//! A database is the path of a SQLite file, or the URL of a PostgreSQL database. What `seed` stores it stores through the log's own
//! operations.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement ends where it fails"
)]

mod gather;
mod read;
mod seed;
mod store;
mod tasks;

use std::process::ExitCode;
use std::time::Instant;

use attache_task_store::{Database, Migrate};

use self::store::Store;

/// How many tasks are named: so many that none is asked for twice.
const NAMES: u64 = 10_000;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["seed", database, count] => seed(database, count).await,
        ["names", count] => names(count),
        ["read", databases @ ..] if !databases.is_empty() => read(databases).await,
        _ => Err(
            "use: stored seed DATABASE COUNT | stored read DATABASE=COUNT ... | stored names COUNT"
                .to_owned(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stored: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn seed(database: &str, count: &str) -> Result<(), String> {
    let count = number(count)?;
    let start = Instant::now();
    let store = Store::open(database).await?;
    store
        .perform(Migrate)
        .await
        .map_err(|error| error.to_string())?;
    seed::seed(&store, count)
        .await
        .map_err(|error| error.to_string())?;
    store.close().await;
    println!("{count} tasks in {:.1?}", start.elapsed());
    Ok(())
}

async fn read(databases: &[&str]) -> Result<(), String> {
    let mut stored = Vec::new();
    for database in databases {
        // The last sign, because a URL may hold others.
        let (database, count) = database
            .rsplit_once('=')
            .ok_or_else(|| format!("{database:?} is not DATABASE=COUNT"))?;
        stored.push((Store::open(database).await?, number(count)?));
    }
    let medians = read::read(&stored).await?;
    println!("{}", serde_json::Value::Object(medians));
    Ok(())
}

fn names(count: &str) -> Result<(), String> {
    let count = number(count)?;
    let some = (0..NAMES).map(|number| tasks::mixed(number) % count);
    let names = some.map(|number| [tasks::task_id(number), tasks::context_id(number)]);
    println!("{}", serde_json::json!(names.collect::<Vec<_>>()));
    Ok(())
}

fn number(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count) if count >= tasks::FEWEST => Ok(count),
        _ => Err(format!(
            "{text:?} is not a number of tasks from {} on",
            tasks::FEWEST
        )),
    }
}
