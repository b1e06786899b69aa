//! Opens connections, and keeps them in a pool.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    self, Metrics, Object, PoolError, RecycleError, RecycleResult, TimeoutType,
};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::Fault;
use super::place::Place;
use super::{Credentials, PostgresSettings};
use crate::Error;

/// How long it may take until a connection is ready, all included.
const OPENING: Duration = Duration::from_secs(10);
/// A connection that was not used for so long is tried before it is used again: something on the way
/// may have forgotten it, and nobody told this side.
const DOUBTFUL: Duration = Duration::from_secs(20);
/// How long that may take.
const TRIAL: Duration = Duration::from_secs(2);
/// The oldest version of PostgreSQL that serves.
const OLDEST: u32 = 14;

/// The half of a connection that reads and writes its socket.
pub(super) type Driver =
    tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A connection of the pool.
pub(super) type Pooled = Object<Manager>;

/// What opens connections.
#[derive(Clone)]
pub(super) struct Dialer {
    config: Config,
    tls: MakeRustlsConnect,
    credentials: Credentials,
    place: Place,
}

impl Dialer {
    /// To `config`, otherwise as the settings say.
    pub(super) fn new(config: &Config, settings: &PostgresSettings) -> Result<Self, Error> {
        let mut config = config.clone();
        config.ssl_mode(settings.tls.mode());
        Ok(Self {
            tls: settings.tls.connector().map_err(Error::Unavailable)?,
            credentials: settings.credentials.clone(),
            place: Place::of(&config),
            config,
        })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Opens a connection. Nothing happens on it until the driver is polled.
    pub(super) async fn dial(&self) -> Result<(Client, Driver), Fault> {
        let opened = timeout(OPENING, self.open()).await;
        opened.unwrap_or_else(|_| Err(Fault::silent(&self.place, OPENING)))
    }

    async fn open(&self) -> Result<(Client, Driver), Fault> {
        let opened = match &self.credentials {
            Credentials::Configured => self.config.connect(self.tls.clone()).await,
            Credentials::Source(source) => {
                let password = source
                    .password()
                    .await
                    .map_err(|reason| Fault::password(&self.place, &reason))?;
                let mut config = self.config.clone();
                config.password(password);
                config.connect(self.tls.clone()).await
            }
        };
        let (client, driver) = opened.map_err(|error| Fault::connecting(&self.place, &error))?;
        let version = driver.parameter("server_version").unwrap_or_default();
        let major: String = version.chars().take_while(char::is_ascii_digit).collect();
        if major.parse().is_ok_and(|major: u32| major < OLDEST) {
            let what = format!("it is PostgreSQL {version}, and {OLDEST} or later is needed");
            return Err(Fault::unsuitable(&self.place, &what));
        }
        Ok((client, driver))
    }
}

/// An open connection, driven by a task of its own until the client is dropped.
pub(super) struct Connection {
    client: Client,
    driver: AbortHandle,
}

impl Connection {
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Closes the socket at once. The server ends what is open on it.
    pub(super) fn cut(self) {
        self.driver.abort();
    }
}

/// Opens the connections of the pool, and tells which can be used again.
pub(super) struct Manager {
    dialer: Dialer,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Fault;

    async fn create(&self) -> Result<Connection, Fault> {
        let (client, driver) = self.dialer.dial().await?;
        // Whoever waits for an answer learns from its own statement that the connection broke.
        let driver = tokio::spawn(async move { drop(driver.await) });
        Ok(Connection {
            client,
            driver: driver.abort_handle(),
        })
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<Fault> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("closed"));
        }
        if metrics.last_used() < DOUBTFUL {
            return Ok(());
        }
        match timeout(TRIAL, connection.client.check_connection()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                connection.driver.abort();
                Err(RecycleError::message("silent"))
            }
        }
    }
}

/// The connections of this process.
pub(super) struct Pool {
    pool: managed::Pool<Manager>,
    place: Place,
    size: usize,
    patience: Duration,
}

impl Pool {
    pub(super) fn new(dialer: Dialer, settings: &PostgresSettings) -> Result<Self, Error> {
        let place = dialer.place().clone();
        let size = settings.pool.max(1);
        let pool = managed::Pool::builder(Manager { dialer })
            .max_size(size)
            .wait_timeout(Some(settings.pool_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| {
                Error::Unavailable(format!(
                    "{place} cannot have a pool of connections: {error}"
                ))
            })?;
        Ok(Self {
            pool,
            place,
            size,
            patience: settings.pool_timeout,
        })
    }

    /// A connection that no transaction is open on.
    pub(super) async fn get(&self) -> Result<Pooled, Fault> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(fault) => fault,
            PoolError::Timeout(TimeoutType::Wait) => {
                Fault::busy(&self.place, self.size, self.patience)
            }
            PoolError::Closed => Fault::unsuitable(&self.place, "this process is shutting down"),
            other => Fault::unsuitable(&self.place, &format!("the pool fails: {other:?}")),
        })
    }

    /// How many there are, and how many of them somebody has.
    pub(super) fn connections(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.size.saturating_sub(status.available))
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}
