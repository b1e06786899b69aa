//! `attache gemini-enterprise`: an agent where people ask it.
//!
//! Agents and authorizations are in `v1alpha` of Discovery Engine's REST API alone; gcloud has no commands
//! for them.

mod agent;
mod agents;
mod apps;
mod authorization;
mod card;
mod probe;
mod register;
mod target;
mod update;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;
use target::Flags;

/// Register an A2A agent with Gemini Enterprise, share it, and see that it answers.
#[derive(Debug, Args)]
pub(crate) struct GeminiEnterprise {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the apps of the project in the location.
    Apps,
    /// The OAuth clients by which an agent is given the user's token.
    #[command(subcommand)]
    Authorization(authorization::Authorization),
    /// Register an agent by its card, or update the one that has the card's URL.
    Register(register::Register),
    /// List the agents of the app.
    List,
    /// Show an agent.
    Get(agents::Get),
    /// Change an agent.
    Update(update::Update),
    /// Delete an agent.
    Delete(agents::Delete),
    /// Say who finds an agent.
    Share(agents::Share),
    /// Ask an agent through Gemini Enterprise, until it answers.
    Probe(probe::Probe),
}

impl GeminiEnterprise {
    /// # Errors
    /// See each command.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let target = target::Target::new(self.flags, *terminal).await?;
        match self.command {
            Command::Apps => apps::run(&target).await,
            Command::Authorization(command) => command.run(&target).await,
            Command::Register(command) => command.run(&target).await,
            Command::List => agents::list(&target).await,
            Command::Get(command) => command.run(&target).await,
            Command::Update(command) => command.run(&target).await,
            Command::Delete(command) => command.run(&target).await,
            Command::Share(command) => command.run(&target).await,
            Command::Probe(command) => command.run(&target).await,
        }
    }
}
