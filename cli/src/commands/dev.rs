//! `attache dev`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::project::{self, Build, HostProgram, Served};
use crate::terminal::Terminal;

/// Builds the agent here, serves it on this machine alone, and swaps it when a file changes. Ctrl-C ends
/// all of it.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The port; 0 is any that is free.
    #[arg(long, default_value_t = 8080)]
    port: u16,

    /// Serve this component instead of building one; several are at /agents/NAME.
    #[arg(long, value_name = "FILE")]
    component: Vec<PathBuf>,

    /// The agent's folder.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    path: PathBuf,

    /// The agent's package, where the folder is a workspace.
    #[arg(long, value_name = "NAME", conflicts_with = "component")]
    package: Option<String>,

    /// Build what is deployed, which takes longer.
    #[arg(long, conflicts_with = "component")]
    release: bool,

    /// Where tasks are kept, or :memory:. [default: .attache in the agent's folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    host: HostProgram,

    /// More flags for attache-host, after `--`.
    #[arg(last = true, value_name = "HOST FLAGS")]
    flags: Vec<OsString>,
}

impl Dev {
    /// # Errors
    /// When there is nothing to serve, or the host does not run.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        if let Some(missing) = self.component.iter().find(|file| !file.is_file()) {
            return Err(Failure::new(
                Exit::NoInput,
                format!("there is no component at {}", missing.display()),
            )
            .remedy("`attache build` makes one and says where it is"));
        }
        let served = if self.component.is_empty() {
            Served::Project(Build::new(&self.path, self.package, self.release)?)
        } else {
            Served::Components(self.component)
        };
        let dev = project::Dev {
            served,
            program: self.host.find()?,
            port: self.port,
            data: self.data_dir.unwrap_or_else(|| self.path.join(".attache")),
            flags: self.flags,
        };
        dev.run(terminal).await
    }
}
