//! How a database is reached.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;

use super::place::Place;
use super::{Tls, url};

/// How a database is reached, and how much is asked of it at a time.
#[derive(Clone)]
pub struct PostgresSettings {
    /// Host, port, database, role and password. What it says of TLS does not count: see `tls`.
    pub config: Config,
    /// Whether connections are encrypted, and what is checked of the server.
    pub tls: Tls,
    /// Where the password comes from.
    pub credentials: Credentials,
    /// Most connections at a time, at least one; [`super::Postgres::listen`] adds one. Each process
    /// has so many, and the server has to allow them all.
    pub pool: usize,
    /// How long [`super::Postgres::connect`] waits for a server that cannot be reached yet, such as a
    /// proxy that starts beside this process.
    pub start_timeout: Duration,
    /// How long an operation waits for a connection.
    pub pool_timeout: Duration,
    /// How long a statement may take, on the server. [`crate::Migrate`] may take longer.
    pub statement_timeout: Duration,
    /// The address at which to listen, when `config` leads through a pooler that hands a connection
    /// to another client after every transaction: notifications get lost there.
    pub listen: Option<Config>,
}

/// Where the password comes from.
#[derive(Clone, Default)]
pub enum Credentials {
    /// The configuration has it, or none is needed.
    #[default]
    Configured,
    /// It is asked for before each connection, because it expires.
    Source(Arc<dyn PasswordSource>),
}

/// Gives passwords that expire, such as access tokens.
pub trait PasswordSource: Send + Sync {
    /// A password that is valid now. Called for each new connection, so it is to be kept until
    /// shortly before it expires. The error is a reason without any secret.
    fn password(&self) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>>;
}

impl PostgresSettings {
    /// The defaults: TLS if the server can, the password of the configuration, eight connections.
    #[must_use]
    pub fn new(mut config: Config) -> Self {
        prepare(&mut config);
        Self {
            config,
            tls: Tls::default(),
            credentials: Credentials::default(),
            pool: 8,
            start_timeout: Duration::from_secs(4),
            pool_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            listen: None,
        }
    }

    /// Reads a connection string: `postgres://role:password@host:port/database?sslmode=…`, the same
    /// with `postgresql://`, `postgresql+asyncpg://` or `postgresql+psycopg://`, or
    /// `host=… user=… dbname=…`.
    ///
    /// `sslmode` and `sslrootcert` mean what they mean to libpq, with two differences: without
    /// `sslrootcert` the CAs that browsers trust are checked against, and with it and no `sslmode`
    /// the certificate is checked in full.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it, because it holds a password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let settings = Self::parse_without_role(url)?;
        url::require_role(&settings.config)?;
        Ok(settings)
    }

    /// As [`PostgresSettings::parse`], where the role may be missing because the caller finds it out.
    ///
    /// # Errors
    /// As [`PostgresSettings::parse`].
    pub fn parse_without_role(url: &str) -> Result<Self, String> {
        let (config, tls) = url::parse(url)?;
        Ok(Self {
            tls,
            ..Self::new(config)
        })
    }
}

/// What the configuration leaves open.
fn prepare(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("attache");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    // A peer that vanished without a word, as after a failover, is noticed in half a minute at most.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(20));
    }
    config
        .keepalives_idle(Duration::from_secs(10))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3);
    // TLS wants a name, if only to ignore it.
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
}

/// Which database it is, without any secret.
impl fmt::Display for PostgresSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Place::of(&self.config).fmt(formatter)
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresSettings")
            .field("place", &Place::of(&self.config).to_string())
            .field("tls", &self.tls)
            .field("credentials", &self.credentials)
            .field("pool", &self.pool)
            .field("start_timeout", &self.start_timeout)
            .field("pool_timeout", &self.pool_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field(
                "listen",
                &self
                    .listen
                    .as_ref()
                    .map(|config| Place::of(config).to_string()),
            )
            .finish()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Credentials::Configured => "Configured",
            Credentials::Source(_) => "Source",
        })
    }
}
