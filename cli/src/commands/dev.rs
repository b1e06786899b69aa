//! `attache dev`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::project::{self, Build, HostProgram, Served};
use crate::terminal::Terminal;

/// Variables and flags of the host by which the agent is reached from elsewhere, or which say of the
/// inspector what is to be.
const SAY_OTHERWISE: [&str; 4] = [
    "ATTACHE_INSPECTOR",
    "ATTACHE_PUBLIC_URL",
    "AGENT_URL",
    "APP_URL",
];
const FLAGS_SAY_OTHERWISE: [&str; 2] = ["--inspector", "--public-url"];

/// Builds the agent here, serves it on this machine alone, and swaps it when a file changes. Ctrl-C ends
/// all of it. The inspector is at /inspector/: a page that shows the agent and talks to it.
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

    /// Serve no inspector. There is none either where ATTACHE_PUBLIC_URL leads others here.
    #[arg(long)]
    no_inspector: bool,

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
            has_inspector: !self.no_inspector && !is_said(&self.flags),
            served,
            program: self.host.find()?,
            port: self.port,
            data: self.data_dir.unwrap_or_else(|| self.path.join(".attache")),
            flags: self.flags,
        };
        dev.run(terminal).await
    }
}

/// Whether the reader has said of the inspector, or of others, what the host is to know.
fn is_said(flags: &[OsString]) -> bool {
    let by_flag = |flag: &OsString| {
        let flag = flag.to_string_lossy();
        FLAGS_SAY_OTHERWISE
            .iter()
            .any(|name| flag.starts_with(name))
    };
    SAY_OTHERWISE
        .iter()
        .any(|name| std::env::var_os(name).is_some())
        || flags.iter().any(by_flag)
}
