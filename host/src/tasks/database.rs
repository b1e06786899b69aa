use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use attache_task_store::{Database, Error, IsMigrated, Migrate, Operation, Sqlite};
use thiserror::Error as ThisError;

use crate::config::DataLocation;

/// How long the database may take to show that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// The database of the task log: what operations run on. Cheap to clone.
///
/// An enumeration, because operations are generic and the choice is made when the process starts.
#[derive(Debug, Clone)]
pub enum TaskDatabase {
    /// SQLite, in this process.
    Sqlite(Arc<Sqlite>),
}

/// Why the task log cannot be opened.
#[derive(Debug, ThisError)]
#[error(
    "the task log in {location} cannot be opened: {reason}; ATTACHE_DATA_DIR (--data-dir) chooses \
     its folder"
)]
pub struct OpenError {
    location: String,
    reason: Error,
}

impl TaskDatabase {
    /// Opens the database, creating it when it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`], when it cannot be read and written.
    pub async fn open(location: &DataLocation) -> Result<Self, OpenError> {
        let path = match location {
            DataLocation::Memory => Path::new(":memory:").to_owned(),
            DataLocation::Folder(folder) => folder.join("tasks.db"),
        };
        let failed = |reason| OpenError {
            location: location.to_string(),
            reason,
        };
        let database = Self::Sqlite(Arc::new(Sqlite::open(&path).map_err(failed)?));
        database.perform(Migrate).await.map_err(failed)?;
        Ok(database)
    }

    /// Whether the database answers.
    pub async fn is_there(&self) -> bool {
        let answer = tokio::time::timeout(PATIENCE, self.perform(IsMigrated)).await;
        matches!(answer, Ok(Ok(true)))
    }

    /// Finishes what was asked for and closes the database.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

impl Database for TaskDatabase {
    fn perform<O: Operation + 'static>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<O::Output, Error>> + Send {
        match self {
            Self::Sqlite(sqlite) => sqlite.perform(operation),
        }
    }
}

impl fmt::Display for DataLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory (gone when the host ends)"),
            Self::Folder(folder) => write!(f, "{}", folder.join("tasks.db").display()),
        }
    }
}
