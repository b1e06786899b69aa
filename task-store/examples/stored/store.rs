//! The databases that can be measured.

use std::future::Future;

use attache_task_store::{Database, Error, Operation, Sqlite};

/// A database, with the executor that is made for it.
pub(crate) enum Store {
    Sqlite(Sqlite),
}

impl Store {
    pub(crate) async fn open(database: &str) -> Result<Self, String> {
        let sqlite = Sqlite::open(database).map_err(|error| error.to_string())?;
        Ok(Self::Sqlite(sqlite))
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

impl Database for Store {
    fn perform<O: Operation + 'static>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<O::Output, Error>> + Send {
        match self {
            Self::Sqlite(sqlite) => sqlite.perform(operation),
        }
    }
}
