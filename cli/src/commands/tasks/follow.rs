//! `attache tasks follow URL ID`.

use std::path::PathBuf;

use clap::Args;

use crate::a2a::{Folder, Follower, Operation, Reach};
use crate::commands::stream;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Print a task as it stands and its events as they come, until it ends or asks for something.
///
/// Where the agent has no streams it is asked every two seconds.
#[derive(Debug, Args)]
pub(crate) struct Follow {
    #[command(flatten)]
    reach: Reach,

    /// The task.
    #[arg(value_name = "TASK")]
    id: String,

    /// Only what comes after this event, where the server numbers them; 0 is everything.
    #[arg(long, value_name = "EVENT")]
    after: Option<String>,

    /// End with an error when the stream breaks off.
    #[arg(long)]
    no_resume: bool,

    /// Save the files of the task in this folder.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

impl Follow {
    /// # Errors
    /// When there is no such task.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let folder = self.save.as_deref().map(Folder::at).transpose()?;
        let server = self.reach.connect(terminal).await?;
        let begin = Operation::SubscribeToTask { id: self.id };
        let follower = Follower::new(&server, begin, !self.no_resume).after(self.after);
        Ok(stream::tell(follower, folder, &self.reach, terminal).await?)
    }
}
