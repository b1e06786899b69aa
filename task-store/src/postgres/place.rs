//! Which database it is, for errors.

use std::fmt;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Displayed as the subject of a sentence. Holds no secret.
#[derive(Clone, Debug)]
pub(super) struct Place {
    database: String,
    address: String,
    role: String,
}

impl Place {
    pub(super) fn of(config: &Config) -> Self {
        let role = config.get_user().unwrap_or_default().to_owned();
        Self {
            database: config.get_dbname().unwrap_or(&role).to_owned(),
            address: address(config),
            role,
        }
    }

    /// The name of the database, quoted as SQL has it.
    pub(super) fn database(&self) -> String {
        quoted(&self.database)
    }

    /// The name of the role, quoted as SQL has it.
    pub(super) fn role(&self) -> String {
        quoted(&self.role)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            database, address, ..
        } = self;
        write!(
            formatter,
            "the PostgreSQL database {database:?} at {address}"
        )
    }
}

/// A name as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn address(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    hosts
        .enumerate()
        .map(|(index, host)| format!("{host}:{}", port(index)))
        .collect::<Vec<_>>()
        .join(", ")
}
