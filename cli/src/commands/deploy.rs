//! `attache deploy WHERE`.

mod cloud_run;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// For example `attache deploy cloud-run --dry-run`.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, Subcommand)]
enum To {
    /// Deploy to Cloud Run what attache.toml says, or write it for other tools.
    CloudRun(Box<cloud_run::CloudRun>),
}

impl Deploy {
    /// # Errors
    /// The manifest cannot be used, or Google refuses.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self.to {
            To::CloudRun(command) => command.run(terminal).await,
        }
    }
}
