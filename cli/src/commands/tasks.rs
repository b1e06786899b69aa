//! `attache tasks`: what became of messages.

mod cancel;
mod follow;
mod get;
mod list;
mod push;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Look at tasks of an agent, follow and cancel them.
#[derive(Debug, Args)]
pub(crate) struct Tasks {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Get(get::Get),
    Cancel(cancel::Cancel),
    Follow(follow::Follow),
    Push(push::Push),
}

impl Tasks {
    /// # Errors
    /// Those of the command.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self.command {
            Command::List(command) => command.run(terminal).await,
            Command::Get(command) => command.run(terminal).await,
            Command::Cancel(command) => command.run(terminal).await,
            Command::Follow(command) => command.run(terminal).await,
            Command::Push(command) => command.run(terminal).await,
        }
    }
}
