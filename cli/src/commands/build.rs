//! `attache build`.

use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::project;
use crate::terminal::Terminal;

/// Runs cargo for wasm32-wasip2, and says what it made.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// Build what is deployed: smaller, faster, and longer in the making.
    #[arg(long)]
    release: bool,

    /// The agent's folder.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    path: PathBuf,

    /// The agent's package, where the folder is a workspace.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,

    /// Print the line of cargo, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Build {
    /// # Errors
    /// When it fails; cargo's own words are shown.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let build = project::Build::new(&self.path, self.package, self.release)?;
        if self.dry_run {
            terminal.result(&serde_json::json!({ "command": build.line() }), |_| {
                build.line()
            });
            return Ok(Exit::Ok);
        }
        let built = build.run(terminal).await?;
        terminal.result(&built, project::Built::shown);
        Ok(Exit::Ok)
    }
}
