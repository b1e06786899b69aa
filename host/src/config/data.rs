//! The flags that say where the task log is. What they mean is in [`super::database`].

use clap::Args;

use super::FileFlags;

/// The flags of every command that opens the task log.
#[derive(Debug, Default, Args)]
pub struct DataFlags {
    /// Where more of them are.
    #[command(flatten)]
    pub file: FileFlags,

    /// Folder of the task log, or :memory:. [default: ./.attache]
    #[arg(
        long,
        env = "ATTACHE_DATA_DIR",
        hide_env_values = true,
        value_name = "FOLDER"
    )]
    pub data_dir: Option<String>,

    /// Largest size of the task log's file, such as 4GiB. [default: 4GiB; 128MiB on Cloud Run]
    #[arg(
        long,
        env = "ATTACHE_DATA_MAX",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub data_max: Option<String>,

    /// Connections to the PostgreSQL server that DATABASE_URL or DB_HOST names. [default: 8]
    #[arg(
        long,
        env = "ATTACHE_DATABASE_POOL",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub database_pool: Option<String>,

    /// Log in there by IAM (1): as the service's own account, with its access token.
    /// [default: 0]
    #[arg(
        long, env = "DB_IAM_AUTH", hide_env_values = true, value_name = "0|1",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub database_iam: Option<String>,
}
