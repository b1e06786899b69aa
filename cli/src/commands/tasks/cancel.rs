//! `attache tasks cancel URL ID`.

use attache_protocol::wire::TaskState;
use clap::Args;

use crate::a2a::{self, Operation, Reach, clean, state_text};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Cancel a task.
#[derive(Debug, Args)]
pub(crate) struct Cancel {
    #[command(flatten)]
    reach: Reach,

    /// The task.
    #[arg(value_name = "TASK")]
    id: String,
}

impl Cancel {
    /// # Errors
    /// When there is no such task, or it has ended.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let server = self.reach.connect(terminal).await?;
        let said = server.call(&Operation::CancelTask { id: self.id }).await?;
        let task = a2a::task(&said);
        terminal.result(&said, |_| {
            format!(
                "task {} is {}",
                clean(&task.id),
                state_text(task.status.state)
            )
        });
        Ok(match task.status.state {
            TaskState::Canceled => Exit::Ok,
            _ => Exit::Wanting,
        })
    }
}
