//! The executor for PostgreSQL, and for what speaks like it: AlloyDB, Cloud SQL, and both behind a
//! pooler.
//!
//! An operation is one transaction in REPEATABLE READ on a connection of a bounded pool. When
//! another transaction was in the way it runs again; when the connection broke it runs again on
//! another one, for a few seconds. Only what is known to be undone is run again, or what may be done
//! twice, see [`perform`].
//!
//! Nothing here outlives a transaction on the server: no session settings, no prepared statements, no
//! session locks. So a pooler may hand the server's connections around between transactions. The one
//! exception is [`Postgres::listen`], which has a connection of its own.
//!
//! An operation runs in a task of its own, so a caller who stops waiting leaves nothing half done.

mod connect;
mod fault;
mod listen;
mod patience;
mod perform;
mod place;
mod settings;
mod settle;
mod tls;
mod transaction;
mod url;
mod values;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{Database, Error, Operation};

use self::connect::{Dialer, Pool};
use self::fault::Fault;
pub use self::listen::{Listener, Notice};
use self::patience::Patience;
use self::place::Place;
pub use self::settings::{Credentials, PasswordSource, PostgresSettings};
pub use self::tls::{Roots, Tls};
use self::transaction::Opening;

/// How long a transaction may wait for a lock, and how long one may stay open with nothing to do:
/// what holds others up is ended.
const LOCK: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(15);
/// How long a migration may take, and how long another process waits for it.
const MIGRATING: Duration = Duration::from_secs(600);
/// How much longer than the server's own time-out this side waits for an answer.
const GRACE: Duration = Duration::from_secs(5);

/// A PostgreSQL database, open until [`Postgres::close`]. Cheap to clone.
#[derive(Clone)]
pub struct Postgres {
    server: Arc<Server>,
}

struct Server {
    place: Place,
    pool: Pool,
    openings: Openings,
    listening: Dialer,
    /// Operations and listeners.
    tasks: TaskTracker,
    /// Ends the listeners.
    closing: CancellationToken,
}

/// How transactions begin.
struct Openings {
    read: Opening,
    write: Opening,
    alone: Opening,
}

impl Postgres {
    /// Connects, so that what is wrong with the settings shows at once. A server that does not
    /// answer is tried again until [`PostgresSettings::start_timeout`]. The schema is [`crate::Migrate`]'s business.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the server cannot be reached, does not let this role in, has no
    /// such database, or cannot be trusted; the text says which, and what to do.
    pub async fn connect(settings: PostgresSettings) -> Result<Self, Error> {
        let dialer = Dialer::new(&settings.config, &settings)?;
        let listening = match &settings.listen {
            Some(direct) => Dialer::new(direct, &settings)?,
            None => dialer.clone(),
        };
        let server = Server {
            place: dialer.place().clone(),
            pool: Pool::new(dialer, &settings)?,
            openings: Openings::new(settings.statement_timeout),
            listening,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        };
        let mut patience = Patience::of(settings.start_timeout);
        let mut waits = false;
        while let Err(fault) = server.pool.get().await {
            if !patience.allows(&fault).await {
                return Err(fault.error);
            }
            if !std::mem::replace(&mut waits, true) {
                let longest = settings.start_timeout;
                tracing::warn!("waits up to {longest:?}: {}", fault.error);
            }
        }
        Ok(Self {
            server: Arc::new(server),
        })
    }

    /// The time by the clock of the server, in milliseconds since the epoch: the one clock that all
    /// processes share.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn server_time(&self) -> Result<u64, Error> {
        const TIME: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let rows = self.single(TIME, &[]).await?;
        let time: Option<i64> = rows.first().and_then(|row| row.try_get(0).ok());
        time.and_then(|time| u64::try_from(time).ok())
            .ok_or_else(|| {
                Error::Unavailable(format!("{} does not tell the time", self.server.place))
            })
    }

    /// Tells everybody who listens to a channel. At most 8,000 bytes.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; then it may have been heard nevertheless.
    pub async fn notify(&self, channel: &str, payload: String) -> Result<(), Error> {
        const NOTIFY: &str = "SELECT pg_notify($1, $2)";
        self.single(NOTIFY, &[(&channel, Type::TEXT), (&payload, Type::TEXT)])
            .await
            .map(|_| ())
    }

    /// Listens to a channel, on a connection of its own.
    #[must_use]
    pub fn listen(&self, channel: &'static str) -> Listener {
        Listener::start(&self.server, channel)
    }

    /// How many connections this process has to the server, and how many of them are in use.
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        self.server.pool.connections()
    }

    /// Takes no more operations, finishes those that run, and closes every connection. Further
    /// operations are refused as [`Error::Unavailable`].
    pub async fn close(&self) {
        self.server.tasks.close();
        self.server.closing.cancel();
        self.server.tasks.wait().await;
        self.server.pool.close();
    }

    /// One statement outside any operation, again while connections fail.
    async fn single(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        let mut patience = Patience::default();
        loop {
            match self.server.single(sql, params).await {
                Ok(rows) => return Ok(rows),
                Err(fault) => {
                    if !patience.allows(&fault).await {
                        return Err(fault.error);
                    }
                }
            }
        }
    }
}

impl Server {
    /// One statement outside any transaction.
    async fn single(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<tokio_postgres::Row>, Fault> {
        let connection = self.pool.get().await?;
        let limit = self.openings.read.limit;
        let answer = timeout(limit, connection.client().query_typed(sql, params)).await;
        let fault = match answer {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => Fault::running(&self.place, &error),
            Err(_) => Fault::silent(&self.place, limit),
        };
        if fault.ends_connection() {
            deadpool::managed::Object::take(connection).cut();
        }
        Err(fault)
    }
}

impl Openings {
    fn new(statement_timeout: Duration) -> Self {
        let begin = |mode: &str, statement: Duration, lock: Duration, number: &str| Opening {
            sql: format!(
                "BEGIN ISOLATION LEVEL {mode}; SET LOCAL statement_timeout = {}; \
                 SET LOCAL lock_timeout = {}; \
                 SET LOCAL idle_in_transaction_session_timeout = {}{number}",
                statement.as_millis(),
                lock.as_millis(),
                IDLE.as_millis(),
            ),
            limit: statement + GRACE,
        };
        const NUMBER: &str = "; SELECT pg_current_xact_id()::text, \
                              EXTRACT(EPOCH FROM pg_postmaster_start_time())::text";
        // In READ COMMITTED the statements after the lock see what the process did that had it.
        let lock = format!("{NUMBER}; SELECT pg_advisory_xact_lock({MIGRATION})");
        Self {
            read: begin("REPEATABLE READ READ ONLY", statement_timeout, LOCK, ""),
            write: begin("REPEATABLE READ", statement_timeout, LOCK, NUMBER),
            alone: begin("READ COMMITTED", MIGRATING, MIGRATING, &lock),
        }
    }
}

/// The advisory lock of those who migrate: "attache" in ASCII.
const MIGRATION: i64 = 0x0061_7474_6163_6865;

impl Database for Postgres {
    fn perform<O: Operation + 'static>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<O::Output, Error>> + Send {
        let server = Arc::clone(&self.server);
        async move {
            if server.tasks.is_closed() {
                return Err(
                    Fault::unsuitable(&server.place, "this process is shutting down").error,
                );
            }
            let (caller, answer) = oneshot::channel();
            let running = Arc::clone(&server);
            server.tasks.spawn(async move {
                perform::perform(&running, &operation, caller).await;
            });
            answer.await.unwrap_or_else(|_| {
                Err(Error::Unavailable(format!(
                    "the operation on {} was interrupted: see the log of this process",
                    server.place
                )))
            })
        }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Postgres")
            .field("place", &self.server.place.to_string())
            .finish_non_exhaustive()
    }
}
