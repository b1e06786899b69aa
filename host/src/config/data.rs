//! Where the task log is.

use clap::Args;

use super::{ConfigError, DataLocation, Environment, parse};

/// The flags of every command that opens the task log.
#[derive(Debug, Default, Args)]
pub struct DataFlags {
    /// Folder of the task log, or :memory:. [default: ./.attache]
    #[arg(
        long,
        env = "ATTACHE_DATA_DIR",
        hide_env_values = true,
        value_name = "FOLDER"
    )]
    pub data_dir: Option<String>,
}

impl DataLocation {
    /// Checks `flags` and the variables that have no flag.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn resolve(flags: DataFlags, environment: &Environment) -> Result<Self, ConfigError> {
        refuse_database_url(environment)?;
        Ok(match parse::given(flags.data_dir) {
            Some(path) if path == ":memory:" => Self::Memory,
            Some(path) => Self::Folder(path.into()),
            None => Self::Folder("./.attache".into()),
        })
    }
}

/// Tasks that go to SQLite although a database was named would be lost without a word.
fn refuse_database_url(environment: &Environment) -> Result<(), ConfigError> {
    match environment.get("DATABASE_URL") {
        // The value holds a password as often as not.
        Some(_) => Err(ConfigError::secret(
            "DATABASE_URL",
            "this version keeps tasks in SQLite only; unset it, and choose the folder with \
             ATTACHE_DATA_DIR",
        )),
        None => Ok(()),
    }
}
