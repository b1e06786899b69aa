//! The commands, one module each. A command is a `clap` structure with
//! `async fn run(self, terminal: &Terminal) -> Result<Exit, Failure>`.

mod build;
mod check;
mod completions;
mod dev;
mod new;

use clap::{Parser, Subcommand};

use crate::failure::{Exit, Failure};
use crate::terminal::{Format, Terminal};

/// Build, check, deploy and call A2A agents.
#[derive(Debug, Parser)]
#[command(
    name = "attache",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// The form of results on standard output.
    #[arg(
        short,
        long,
        value_enum,
        default_value_t,
        global = true,
        value_name = "FORMAT"
    )]
    output: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build an agent's component.
    Build(build::Build),
    /// Check a component or an agent against the contract and the specification.
    Check(check::Check),
    /// Print the completions of a shell.
    Completions(completions::Completions),
    /// Serve an agent on this machine, and swap it when its files change.
    Dev(dev::Dev),
    /// Make a new agent, in Rust.
    New(new::New),
}

impl Arguments {
    pub(crate) fn format(&self) -> Format {
        self.output
    }

    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self.command {
            Command::Build(command) => command.run(terminal).await,
            Command::Check(command) => command.run(terminal).await,
            Command::Completions(command) => command.run(),
            Command::Dev(command) => command.run(terminal).await,
            Command::New(command) => command.run(terminal).await,
        }
    }
}
