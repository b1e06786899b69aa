//! `attache card`: what an agent says of itself.

mod convert;
mod lint;
mod show;
mod sign;
mod verify;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Show, check, sign and convert agent cards.
#[derive(Debug, Args)]
pub(crate) struct Card {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(show::Show),
    Lint(lint::Lint),
    Sign(sign::Sign),
    Verify(verify::Verify),
    Convert(convert::Convert),
}

impl Card {
    /// # Errors
    /// Those of the command.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self.command {
            Command::Show(command) => command.run(terminal).await,
            Command::Lint(command) => command.run(terminal).await,
            Command::Sign(command) => command.run(terminal),
            Command::Verify(command) => command.run(terminal).await,
            Command::Convert(command) => command.run(terminal).await,
        }
    }
}
