use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use attache_task_store::{
    Credentials, Database, Error, IsMigrated, Migrate, Operation, Options, Postgres, Sqlite,
};
use thiserror::Error as ThisError;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, debug, field, warn};

use super::clock;
use super::login::{IamPassword, user};
use crate::config::{DataLocation, Login, PostgresLocation};
use crate::metadata::Metadata;
use crate::telemetry::{metrics, store_span};

/// How long the database may take to show that it is there.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a server may take to be reached at the start: the Auth Proxy starts beside this process.
const STARTING: Duration = Duration::from_secs(30);
/// How often this machine's clock is compared with the database's.
const SET_CLOCK: Duration = Duration::from_secs(60);
/// A difference that whoever runs the machine should know of, in milliseconds.
const NOTABLE: i64 = 2_000;

/// The database of the task log: what operations run on. Cheap to clone.
///
/// An enumeration, because operations are generic and the choice is made when the process starts.
#[derive(Debug, Clone)]
pub enum TaskDatabase {
    /// SQLite, in this process.
    Sqlite(Arc<Sqlite>),
    /// A PostgreSQL server, which other processes use too.
    Postgres(Postgres),
}

/// Why the task log cannot be opened.
#[derive(Debug, ThisError)]
#[error("the task log in {location} cannot be opened: {reason}{hint}")]
pub struct OpenError {
    location: String,
    reason: String,
    hint: &'static str,
}

impl TaskDatabase {
    /// Opens the database, creating what is missing, and brings its schema up to date. `metadata` is
    /// asked for the identity of the service, where that is how to log in.
    ///
    /// # Errors
    /// [`OpenError`], when it cannot be read and written.
    pub async fn open(location: &DataLocation, metadata: &Metadata) -> Result<Self, OpenError> {
        let opened = match location {
            DataLocation::Memory => Self::open_file(":memory:".as_ref(), None),
            DataLocation::Folder { path, max_bytes } => {
                Self::open_file(&path.join("tasks.db"), Some(*max_bytes))
            }
            DataLocation::Postgres(location) => Self::connect(location, metadata).await,
        };
        Self::opened(migrated(opened).await, location)
    }

    /// A database that ends with this value.
    ///
    /// # Errors
    /// [`OpenError`], when there is no memory for it.
    pub async fn in_memory() -> Result<Self, OpenError> {
        let location = DataLocation::Memory;
        let database = Self::open_file(":memory:".as_ref(), None);
        Self::opened(migrated(database).await, &location)
    }

    fn opened(database: Result<Self, String>, location: &DataLocation) -> Result<Self, OpenError> {
        database.map_err(|reason| OpenError {
            location: location.to_string(),
            reason,
            hint: if location.is_shared() {
                "; DATABASE_URL, or DB_HOST and its siblings, say how to reach it"
            } else {
                "; ATTACHE_DATA_DIR (--data-dir) chooses its folder"
            },
        })
    }

    fn open_file(path: &std::path::Path, max_bytes: Option<u64>) -> Result<Self, String> {
        let options = Options {
            max_bytes,
            rested: Some(crate::memory::give_back),
            ..Options::default()
        };
        let opened = Sqlite::open_with(path, &options);
        opened
            .map(|sqlite| Self::Sqlite(Arc::new(sqlite)))
            .map_err(|error| error.to_string())
    }

    async fn connect(location: &PostgresLocation, metadata: &Metadata) -> Result<Self, String> {
        let mut settings = location.settings.clone();
        if let Login::Iam { user: named } = location.login {
            if !named {
                let user = user(metadata).await.map_err(|error| error.to_string())?;
                settings.config.user(&user);
            }
            let password = IamPassword(metadata.clone());
            settings.credentials = Credentials::Source(Arc::new(password));
        }
        settings.start_timeout = STARTING;
        let postgres = Postgres::connect(settings).await;
        let postgres = postgres.map_err(|error| error.to_string())?;
        set_clock(&postgres).await;
        Ok(Self::Postgres(postgres))
    }

    /// The server that other processes use too, if it is one.
    pub(super) fn shared(&self) -> Option<&Postgres> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(postgres) => Some(postgres),
        }
    }

    /// Goes by the database's clock where others do too, as it was set by [`TaskDatabase::open`]. Never
    /// ends there.
    pub async fn keep_time(&self) {
        let Some(postgres) = self.shared() else {
            return;
        };
        loop {
            sleep(SET_CLOCK).await;
            set_clock(postgres).await;
        }
    }

    /// What tells how many connections to a server are open, and how many of them in use.
    pub(crate) fn connections(&self) -> Option<impl Fn() -> (usize, usize) + Send + Sync + use<>> {
        let postgres = self.shared()?.clone();
        Some(move || postgres.connections())
    }

    /// How full the database is, from 0 to 1; 0 where it has no bound.
    pub(super) async fn fullness(&self) -> f64 {
        match self {
            Self::Sqlite(sqlite) => sqlite.fullness().await.unwrap_or_default(),
            Self::Postgres(_) => 0.0,
        }
    }

    /// Whether the database answers.
    pub async fn is_there(&self) -> bool {
        let answer = timeout(PATIENCE, self.perform(IsMigrated)).await;
        matches!(answer, Ok(Ok(true)))
    }

    /// Finishes what was asked for and closes the database.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }
}

impl Database for TaskDatabase {
    async fn perform<O: Operation + 'static>(&self, operation: O) -> Result<O::Output, Error> {
        let (name, began) = (name_of::<O>(), Instant::now());
        let (span, outcome) = match self {
            Self::Sqlite(sqlite) => {
                let span = store_span(name, "sqlite");
                let performed = sqlite.perform(operation).instrument(span.clone()).await;
                (span, performed)
            }
            Self::Postgres(postgres) => {
                let span = store_span(name, "postgresql");
                let performed = postgres.perform(operation).instrument(span.clone()).await;
                (span, performed)
            }
        };
        metrics::store(name, &outcome, began.elapsed());
        if let Err(error @ Error::Unavailable(_)) = &outcome {
            span.record("error", field::display(error));
        }
        outcome
    }
}

/// What an operation is called: the last part of its type's path.
fn name_of<O>() -> &'static str {
    let path = std::any::type_name::<O>();
    path.rsplit("::").next().unwrap_or(path)
}

/// The database with a schema of this version.
async fn migrated(opened: Result<TaskDatabase, String>) -> Result<TaskDatabase, String> {
    let database = opened?;
    let migrated = database.perform(Migrate).await;
    migrated.map_err(|error| error.to_string())?;
    Ok(database)
}

async fn set_clock(postgres: &Postgres) {
    let before = clock::of_this_machine();
    let then = postgres.server_time().await;
    let after = clock::of_this_machine();
    match then {
        Ok(then) => {
            let behind = clock::set_by(then, before, after);
            if behind.abs() > NOTABLE {
                warn!(
                    "this machine's clock is {} ms {} the database's, by which leases go",
                    behind.abs(),
                    if behind > 0 { "behind" } else { "ahead of" }
                );
            }
        }
        Err(error) => debug!("the database's clock cannot be read: {error}"),
    }
}

impl fmt::Display for DataLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory (gone when the host ends)"),
            Self::Folder { path, .. } => write!(f, "{}", path.join("tasks.db").display()),
            Self::Postgres(location) => location.settings.fmt(f),
        }
    }
}
