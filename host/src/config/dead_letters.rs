//! The command line of `dead-letters`.

use clap::{ArgGroup, Args, Subcommand};

use super::DataFlags;

/// The flags of `dead-letters`.
#[derive(Debug, Args)]
pub struct DeadLettersFlags {
    /// What to do with them.
    #[command(subcommand)]
    pub verb: DeadLettersVerb,
}

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLettersVerb {
    /// Show which webhooks lack which events, and why. Of a URL only the host is shown.
    List {
        /// Where they are.
        #[command(flatten)]
        data: DataFlags,
        /// Print each as a line of JSON.
        #[arg(long)]
        json: bool,
        /// Most to show.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Send webhooks again what they lack: every event from the oldest on, in order, so that some
    /// come twice. A host that runs on the same data begins within ten seconds.
    Retry {
        /// Where they are.
        #[command(flatten)]
        data: DataFlags,
        /// Which.
        #[command(flatten)]
        which: Which,
    },
    /// Forget what webhooks lack. The events stay in the log of their task.
    Discard {
        /// Where they are.
        #[command(flatten)]
        data: DataFlags,
        /// Which.
        #[command(flatten)]
        which: Which,
    },
}

/// Which dead letters. None that matches is no error: a task that nobody knows lacks nothing.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("which").args(["all", "task"]).required(true)))]
pub struct Which {
    /// Those of every task.
    #[arg(long)]
    pub all: bool,
    /// Those of this task.
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// Of that task only the one of this webhook.
    #[arg(long, value_name = "ID", requires = "task")]
    pub webhook: Option<String>,
}
