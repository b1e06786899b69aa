//! The databases that can be measured.

use attache_task_store::{Database, Error, Operation, Sqlite};
#[cfg(feature = "postgres")]
use attache_task_store::{Postgres, PostgresSettings};

/// A database, with the executor that is made for it.
pub(crate) enum Store {
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
}

impl Store {
    pub(crate) async fn open(database: &str) -> Result<Self, String> {
        if database.contains("://") {
            return Self::connect(database).await;
        }
        let sqlite = Sqlite::open(database).map_err(|error| error.to_string())?;
        Ok(Self::Sqlite(sqlite))
    }

    #[cfg(feature = "postgres")]
    async fn connect(url: &str) -> Result<Self, String> {
        let postgres = Postgres::connect(PostgresSettings::parse(url)?).await;
        Ok(Self::Postgres(postgres.map_err(|error| error.to_string())?))
    }

    #[cfg(not(feature = "postgres"))]
    async fn connect(_: &str) -> Result<Self, String> {
        Err("this program was built without the feature postgres".to_owned())
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.close().await,
        }
    }
}

impl Database for Store {
    async fn perform<O: Operation + 'static>(&self, operation: O) -> Result<O::Output, Error> {
        match self {
            Self::Sqlite(sqlite) => sqlite.perform(operation).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.perform(operation).await,
        }
    }
}
