//! `attache tasks get URL ID`.

use std::path::PathBuf;

use clap::Args;

use crate::a2a::{self, Folder, Operation, Reach, closing};
use crate::commands::send;
use crate::failure::{Exit, Failure};
use crate::terminal::{Format, Terminal};

/// Print a task: what it has produced, and how it stands.
#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    reach: Reach,

    /// The task.
    #[arg(value_name = "TASK")]
    id: String,

    /// At most this many messages of history; all unless given.
    #[arg(long, value_name = "NUMBER")]
    history_length: Option<u32>,

    /// Save the files of the task in this folder.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

impl Get {
    /// # Errors
    /// When there is no such task.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let folder = self.save.as_deref().map(Folder::at).transpose()?;
        let server = self.reach.connect(terminal).await?;
        let get = Operation::GetTask {
            id: self.id,
            history_length: self.history_length,
        };
        let said = server.call(&get).await?;
        let task = a2a::task(&said);
        send::show(&task, &said, folder, terminal)?;
        if terminal.format() == Format::Text {
            terminal.note(closing(&task, |command| self.reach.again(command)));
        }
        Ok(Exit::Ok)
    }
}
