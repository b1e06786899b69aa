//! A database of one's own.

use std::env;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{sql, sql_now, with_database};

/// Names the server of the tests.
const SERVER: &str = "TEST_DATABASE_URL";

/// An empty database on the server that `TEST_DATABASE_URL` names. It goes when this is dropped.
///
/// Texts are ordered as people do, not by their bytes, so that a statement which relies on the order
/// of bytes has to say so.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Creates one.
    ///
    /// # Errors
    /// When there is no server, or it does not let us create databases.
    pub async fn create() -> Result<Self, String> {
        let server = env::var(SERVER).map_err(|_| {
            format!("{SERVER} is not set: run scripts/postgres with cargo nextest run ...")
        })?;
        Self::create_on(&server).await
    }

    /// Creates one on a given server.
    ///
    /// # Errors
    /// When it does not let us create databases.
    pub async fn create_on(server: &str) -> Result<Self, String> {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let name = format!("attache_test_{}_{number}", process::id());
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        let ordered = format!("{create} LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en'");
        sql(server, &format!("DROP DATABASE IF EXISTS {name}")).await?;
        if sql(server, &ordered).await.is_err() {
            // A server without ICU.
            sql(server, &create).await?;
        }
        Ok(Self {
            server: server.to_owned(),
            url: with_database(server, &name),
            name,
        })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements in it, and returns the rows of them all as texts.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn sql(&self, statements: &str) -> Result<Vec<Vec<String>>, String> {
        sql(&self.url, statements).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        sql_now(self.server.clone(), drop);
    }
}
