//! The commands, one module each. A command is a `clap` structure with
//! `async fn run(self, terminal: &Terminal) -> Result<Exit, Failure>`.

mod card;
mod completions;
mod deploy;
mod doctor;
mod gemini_enterprise;
mod pull;
mod push;
mod send;
mod stream;
mod tasks;

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
    Card(card::Card),
    /// Publish a component in an OCI registry.
    Push(push::Push),
    /// Fetch a component from an OCI registry.
    Pull(pull::Pull),
    /// Print the completions of a shell.
    Completions(completions::Completions),
    /// Deploy an agent.
    Deploy(deploy::Deploy),
    /// Say what is wrong with an agent on Cloud Run, and what mends it.
    Doctor(Box<doctor::Doctor>),
    /// Register an agent with Gemini Enterprise, share it, and see that it answers.
    GeminiEnterprise(Box<gemini_enterprise::GeminiEnterprise>),
    Send(send::Send),
    Stream(stream::Stream),
    Tasks(tasks::Tasks),
}

impl Arguments {
    pub(crate) fn format(&self) -> Format {
        self.output
    }

    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self.command {
            Command::Card(command) => command.run(terminal).await,
            Command::Push(command) => command.run(terminal).await,
            Command::Pull(command) => command.run(terminal).await,
            Command::Completions(command) => command.run(),
            Command::Deploy(command) => command.run(terminal).await,
            Command::Doctor(command) => command.run(terminal).await,
            Command::GeminiEnterprise(command) => command.run(terminal).await,
            Command::Send(command) => command.run(terminal).await,
            Command::Stream(command) => command.run(terminal).await,
            Command::Tasks(command) => command.run(terminal).await,
        }
    }
}
