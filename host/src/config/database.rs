use std::path::PathBuf;

use std::sync::Arc;

use attache_task_store::{Credentials, PostgresSettings};

use super::{ConfigError, DataFlags, Environment, parse};
use crate::secret::Secret;
use crate::tasks::MountedPassword;

/// There is no flag for it: whoever lists the processes would read the password.
const URL: &str = "DATABASE_URL";
const LISTEN_URL: &str = "ATTACHE_DATABASE_LISTEN_URL";
const POOL: &str = "ATTACHE_DATABASE_POOL (--database-pool)";
const MAX: &str = "ATTACHE_DATA_MAX (--data-max)";

/// SQLite's file on a machine with a disk.
const LARGEST_FILE: u64 = 4 << 30;
/// On Cloud Run the disk is the memory of the instance.
const LARGEST_FILE_IN_MEMORY: u64 = 128 << 20;

/// Where the task log lives.
#[derive(Debug, Clone)]
pub enum DataLocation {
    /// In memory; gone when the process ends.
    Memory,
    /// `tasks.db` in a folder, for one process on one machine.
    Folder {
        /// The folder.
        path: PathBuf,
        /// The file grows no further than this, in bytes.
        max_bytes: u64,
    },
    /// A PostgreSQL server, AlloyDB for one, for any number of processes.
    Postgres(Box<PostgresLocation>),
}

/// A database on a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct PostgresLocation {
    /// How to reach it and log in.
    pub settings: PostgresSettings,
    /// Log in with a token of the service's own identity instead of a password.
    pub login: Login,
}

/// How this process shows who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// By the password of the settings, if there is one.
    Password,
    /// By IAM: the password is an access token, asked for anew for each connection. `user` is false
    /// when the name has to be found out too.
    Iam {
        /// The settings name the user.
        user: bool,
    },
}

impl DataLocation {
    /// PostgreSQL where the environment names a server, else SQLite.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn resolve(flags: DataFlags, environment: &Environment) -> Result<Self, ConfigError> {
        let iam = parse::switch("DB_IAM_AUTH (--database-iam)", flags.database_iam)?;
        let Some((mut settings, user)) = server(environment, iam)? else {
            if iam {
                return Err(ConfigError::missing(
                    URL,
                    "DB_IAM_AUTH is set, which is how to log in to a PostgreSQL server; name one, \
                     or unset it",
                ));
            }
            let on_cloud_run = environment.get("K_SERVICE").is_some();
            return file(flags.data_dir, flags.data_max, on_cloud_run);
        };
        settings.pool = parse::whole_number(POOL, flags.database_pool, settings.pool, 1, 500)?;
        if let Some(url) = environment.get(LISTEN_URL) {
            let direct = PostgresSettings::parse(url.trim())
                .map_err(|expected| ConfigError::secret(LISTEN_URL, expected))?;
            // A source gives both the same one.
            if direct.config.get_password() != settings.config.get_password() {
                settings.credentials = Credentials::Configured;
            }
            settings.listen = Some(direct.config);
        }
        let login = if iam {
            Login::Iam { user }
        } else {
            Login::Password
        };
        Ok(Self::Postgres(Box::new(PostgresLocation {
            settings,
            login,
        })))
    }

    /// True when other processes may work on the same tasks.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

fn file(
    folder: Option<String>,
    max: Option<String>,
    on_cloud_run: bool,
) -> Result<DataLocation, ConfigError> {
    let largest = if on_cloud_run {
        LARGEST_FILE_IN_MEMORY
    } else {
        LARGEST_FILE
    };
    let max_bytes = parse::size(MAX, max, largest, 1 << 20, 1 << 40)?;
    Ok(match parse::given(folder) {
        Some(path) if path == ":memory:" => DataLocation::Memory,
        path => DataLocation::Folder {
            path: path.unwrap_or_else(|| "./.attache".to_owned()).into(),
            max_bytes,
        },
    })
}

/// The server, and whether a user is named.
fn server(
    environment: &Environment,
    iam: bool,
) -> Result<Option<(PostgresSettings, bool)>, ConfigError> {
    if let Some(url) = environment.get(URL) {
        let mut settings =
            read(url.trim(), iam).map_err(|expected| ConfigError::secret(URL, expected))?;
        if let Some(url) = in_file(URL, environment)
            && settings.config.get_password().is_some()
        {
            let password = MountedPassword::InUrl(url);
            settings.credentials = Credentials::Source(Arc::new(password));
        }
        let user = settings
            .config
            .get_user()
            .is_some_and(|user| !user.is_empty());
        return Ok(Some((settings, user)));
    }
    of_parts(environment, iam)
}

/// A secret that may be rotated.
fn in_file(variable: &str, environment: &Environment) -> Option<Secret> {
    let secret = environment.secret(variable)?;
    secret.file().is_some().then_some(secret)
}

/// The variables that Google's samples use, which deployments have as secrets one by one. The Auth
/// Proxy is beside the process where no host is named.
fn of_parts(
    environment: &Environment,
    iam: bool,
) -> Result<Option<(PostgresSettings, bool)>, ConfigError> {
    let named = |key: &str| environment.get(key).map(str::trim);
    let (host, database, user) = (named("DB_HOST"), named("DB_NAME"), named("DB_USER"));
    // A user or a password alone may be meant for the agent; a host or a database is not.
    if host.is_none() && database.is_none() && named("DB_INSTANCE").is_none() {
        return Ok(None);
    }
    if user.is_none() && !iam {
        return Err(ConfigError::missing(
            "DB_USER",
            "the database that DB_HOST and DB_NAME name needs a user; give its name, or log in by \
             IAM with DB_IAM_AUTH=1",
        ));
    }
    let port = parse::whole_number(
        "DB_PORT",
        named("DB_PORT").map(str::to_owned),
        5432_u16,
        1,
        u16::MAX,
    )?;
    // As `key='value'`, where a quote and a backslash are escaped: no value can become a key.
    let mut text = format!("port={port}");
    let mut add = |key: &str, value: &str| {
        let value = value.replace('\\', "\\\\").replace('\'', "\\'");
        text.push_str(&format!(" {key}='{value}'"));
    };
    add("host", host.unwrap_or("127.0.0.1"));
    add("dbname", database.unwrap_or("postgres"));
    if let Some(user) = user {
        add("user", user);
    }
    // `gcloud secrets versions add --data-file` keeps the newline at the end of the file.
    let passwords = ["DB_PASS", "DB_PASSWORD"];
    let password = passwords.into_iter().find(|key| named(key).is_some());
    if let Some(password) = password.and_then(named) {
        add("password", password);
    }
    for (key, variable) in [("sslmode", "DB_SSLMODE"), ("sslrootcert", "DB_SSLROOTCERT")] {
        if let Some(value) = named(variable) {
            add(key, value);
        }
    }
    let mut settings =
        read(&text, iam).map_err(|expected| ConfigError::secret("DB_HOST", expected))?;
    if let Some(password) = password.and_then(|key| in_file(key, environment)) {
        let password = MountedPassword::Alone(password);
        settings.credentials = Credentials::Source(Arc::new(password));
    }
    Ok(Some((settings, user.is_some())))
}

/// Who logs in by IAM can be found out.
fn read(text: &str, iam: bool) -> Result<PostgresSettings, String> {
    if iam {
        PostgresSettings::parse_without_role(text)
    } else {
        PostgresSettings::parse(text)
    }
}
