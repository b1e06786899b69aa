//! The commands, one module each. A command is a `clap` structure with
//! `async fn run(self, terminal: &Terminal) -> Result<Exit, Failure>`.

mod build;
mod card;
mod check;
mod completions;
mod deploy;
mod dev;
mod doctor;
mod gemini_enterprise;
mod image;
mod new;
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
    /// Make a new agent, in Rust.
    New(new::New),
    /// Build an agent's component.
    Build(build::Build),
    /// Serve an agent on this machine, and swap it when its files change.
    Dev(dev::Dev),
    /// Check a component or an agent against the contract and the specification.
    Check(check::Check),
    Send(send::Send),
    Stream(stream::Stream),
    Tasks(tasks::Tasks),
    Card(card::Card),
    /// Publish a component in an OCI registry.
    Push(push::Push),
    /// Fetch a component from an OCI registry.
    Pull(pull::Pull),
    /// Make the container image of an agent, without Docker.
    Image(Box<image::Image>),
    /// Deploy an agent.
    Deploy(deploy::Deploy),
    /// Say what is wrong with an agent on Cloud Run, and what mends it.
    Doctor(Box<doctor::Doctor>),
    /// Register an agent with Gemini Enterprise, share it, and see that it answers.
    GeminiEnterprise(Box<gemini_enterprise::GeminiEnterprise>),
    /// Print the completions of a shell.
    Completions(completions::Completions),
}

impl Arguments {
    pub(crate) fn format(&self) -> Format {
        self.output
    }

    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self.command {
            Command::New(command) => command.run(terminal).await,
            Command::Build(command) => command.run(terminal).await,
            Command::Dev(command) => command.run(terminal).await,
            Command::Check(command) => command.run(terminal).await,
            Command::Send(command) => command.run(terminal).await,
            Command::Stream(command) => command.run(terminal).await,
            Command::Tasks(command) => command.run(terminal).await,
            Command::Card(command) => command.run(terminal).await,
            Command::Push(command) => command.run(terminal).await,
            Command::Pull(command) => command.run(terminal).await,
            Command::Image(command) => command.run(terminal).await,
            Command::Deploy(command) => command.run(terminal).await,
            Command::Doctor(command) => command.run(terminal).await,
            Command::GeminiEnterprise(command) => command.run(terminal).await,
            Command::Completions(command) => command.run(),
        }
    }
}
