//! `attache-host dead-letters`: what webhooks were not sent, shown and put right by an operator.
//!
//! It opens the same database as `serve`, also while that runs: SQLite lets one process write at a
//! time, and the host looks for what was put back.

use std::fmt;
use std::io::{self, Write};

use attache_task_store::{
    Database, DeadLetter, DeadLetters, DiscardDeadLetters, Error, MAX_PAGE_SIZE, RetryDeadLetters,
    Webhook,
};
use serde_json::json;
use thiserror::Error as ThisError;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::{
    ConfigError, DataLocation, DeadLettersVerb, Environment, Which, metadata_host,
};
use crate::metadata::Metadata;
use crate::push::host_of;
use crate::tasks::{OpenError, TaskDatabase, now};

/// Why nothing was done, or not all.
#[derive(Debug, ThisError)]
pub enum DeadLettersError {
    /// A flag or a variable that cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no task log to look at.
    #[error(
        "there is no task log in {0}; name the folder that the host keeps its tasks in with \
         ATTACHE_DATA_DIR (--data-dir)"
    )]
    Missing(String),
    /// The task log cannot be used.
    #[error(transparent)]
    Tasks(#[from] OpenError),
    /// The task log does not answer.
    #[error("the dead letters cannot be read or written: {0}")]
    Log(#[from] Error),
    /// Nobody takes what is printed.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl DeadLettersError {
    /// The status that the process ends with.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Config(_) => 64,
            Self::Missing(_) | Self::Tasks(_) | Self::Log(_) => 69,
            Self::Output(_) => 74,
        }
    }
}

/// Does what a command line asks for, and says on `out` what was done.
///
/// # Errors
/// [`DeadLettersError`]. What was done before it stays done.
pub async fn run(
    verb: DeadLettersVerb,
    environment: &Environment,
    out: &mut impl Write,
) -> Result<(), DeadLettersError> {
    let (data, action) = match verb {
        DeadLettersVerb::List { data, json, limit } => (data, Action::List { json, limit }),
        DeadLettersVerb::Retry { data, which } => (data, Action::Retry(which)),
        DeadLettersVerb::Discard { data, which } => (data, Action::Discard(which)),
    };
    let location = DataLocation::resolve(data, environment)?;
    let database = open(&location, environment).await?;
    let done = action.run(&database, out).await;
    database.close().await;
    match done {
        // Whoever reads has seen enough.
        Err(DeadLettersError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Opens what is there: a folder that was mistyped must not become an empty task log.
async fn open(
    location: &DataLocation,
    environment: &Environment,
) -> Result<TaskDatabase, DeadLettersError> {
    let is_there = match location {
        DataLocation::Memory => false,
        DataLocation::Folder { path, .. } => path.join("tasks.db").is_file(),
        DataLocation::Postgres(_) => true,
    };
    if !is_there {
        return Err(DeadLettersError::Missing(location.to_string()));
    }
    let metadata = Metadata::new(metadata_host(environment));
    Ok(TaskDatabase::open(location, &metadata).await?)
}

enum Action {
    List { json: bool, limit: usize },
    Retry(Which),
    Discard(Which),
}

impl Action {
    async fn run(
        self,
        database: &TaskDatabase,
        out: &mut impl Write,
    ) -> Result<(), DeadLettersError> {
        match self {
            Self::List { json, limit } => list(database, json, limit, out).await,
            Self::Retry(which) => {
                let (mut count, mut pages) = (0, Pages::default());
                while let Some(page) = pages.next(database).await? {
                    let webhooks = which.of(page);
                    let retry = RetryDeadLetters {
                        webhooks,
                        now: now(),
                    };
                    count += database.perform(retry).await?;
                }
                let done = "sent again what it lacks, by the host within ten seconds";
                say(out, count, done)
            }
            Self::Discard(which) => {
                let (mut count, mut pages) = (0, Pages::default());
                while let Some(page) = pages.next(database).await? {
                    let webhooks = which.of(page);
                    count += database.perform(DiscardDeadLetters { webhooks }).await?;
                }
                say(out, count, "not sent what it lacks: that is forgotten")
            }
        }
    }
}

fn say(out: &mut impl Write, count: u64, done: &str) -> Result<(), DeadLettersError> {
    match count {
        0 => writeln!(out, "There are no such dead letters.")?,
        1 => writeln!(out, "1 webhook is {done}.")?,
        count => writeln!(out, "{count} webhooks: each is {done}.")?,
    }
    Ok(())
}

async fn list(
    database: &TaskDatabase,
    json: bool,
    limit: usize,
    out: &mut impl Write,
) -> Result<(), DeadLettersError> {
    let (mut shown, mut pages) = (0, Pages::default());
    while let Some(page) = pages.next(database).await? {
        for letter in page {
            if shown == limit {
                if !json {
                    writeln!(out, "There are more than {limit}: --limit shows them.")?;
                }
                return Ok(());
            }
            shown += 1;
            if json {
                writeln!(out, "{}", in_json(&letter))?;
            } else {
                writeln!(out, "{}", InWords(&letter))?;
            }
        }
    }
    // A reader of JSON sees it by the lines that are not there.
    if shown == 0 && !json {
        writeln!(out, "There are no dead letters.")?;
    }
    Ok(())
}

/// Reads the dead letters of every scope.
#[derive(Default)]
struct Pages {
    after: Option<Webhook>,
}

impl Pages {
    /// None at the end.
    async fn next(&mut self, database: &TaskDatabase) -> Result<Option<Vec<DeadLetter>>, Error> {
        let list = DeadLetters {
            after: self.after.take(),
            limit: MAX_PAGE_SIZE,
        };
        let page = database.perform(list).await?;
        self.after = page.last().map(|letter| letter.webhook.clone());
        Ok(self.after.is_some().then_some(page))
    }
}

impl Which {
    fn of(&self, letters: Vec<DeadLetter>) -> Vec<Webhook> {
        letters
            .into_iter()
            .map(|letter| letter.webhook)
            .filter(|webhook| self.all || self.task.as_ref() == Some(&webhook.task_id))
            .filter(|webhook| {
                let given = self.webhook.as_ref();
                given.is_none_or(|id| *id == webhook.config_id)
            })
            .collect()
    }
}

/// One dead letter as a sentence. The URL may carry secrets: only its host is shown.
struct InWords<'a>(&'a DeadLetter);

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeadLetter {
            webhook,
            url,
            oldest,
            newest,
            reason,
            died,
        } = self.0;
        write!(f, "task {:?}", webhook.task_id)?;
        for (name, value) in [
            ("tenant", &webhook.scope.tenant),
            ("owner", &webhook.scope.owner),
        ] {
            if !value.is_empty() {
                write!(f, ", {name} {value:?}")?;
            }
        }
        write!(f, ", webhook {:?} at {}: ", webhook.config_id, host_of(url))?;
        if oldest == newest {
            write!(f, "event {oldest}")?;
        } else {
            write!(f, "events {oldest} to {newest}")?;
        }
        write!(f, ", given up {}: {reason}", date(*died))
    }
}

fn in_json(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "tenant": letter.webhook.scope.tenant,
        "owner": letter.webhook.scope.owner,
        "task": letter.webhook.task_id,
        "webhook": letter.webhook.config_id,
        "host": host_of(&letter.url),
        "oldest": letter.oldest,
        "newest": letter.newest,
        "reason": letter.reason,
        "died": date(letter.died),
    })
}

/// Milliseconds since the epoch, for people and for programs.
fn date(milliseconds: u64) -> String {
    let nanoseconds = i128::from(milliseconds / 1_000) * 1_000_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_else(|| milliseconds.to_string())
}
