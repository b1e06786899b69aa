//! `attache send URL TEXT…`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use attache_protocol::wire::Task;
use clap::Args;
use serde_json::Value;

use crate::a2a::{
    self, Answer, Folder, Operation, Reach, Server, Wording, closing, outcome, parts_text,
    task_text,
};
use crate::failure::{Exit, Failure};
use crate::terminal::{Format, Terminal};

/// Between two looks at a task that a server gave back before it had ended.
const POLL: Duration = Duration::from_secs(1);
/// How long such a task is looked at.
const PATIENCE: Duration = Duration::from_secs(300);

/// Send a message to an agent and print its answer.
///
/// The answer goes to standard output, with -o json as the server said it. The status is 1 when the
/// task failed or was rejected.
#[derive(Debug, Args)]
pub(crate) struct Send {
    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    wording: Wording,

    /// Come back as soon as the task exists.
    #[arg(long, conflicts_with = "blocking", help_heading = "Answer")]
    no_wait: bool,

    /// Wait until the task has ended or asks for something. This is the default.
    #[arg(long, help_heading = "Answer")]
    blocking: bool,

    /// Save the files of the answer in this folder.
    #[arg(long, value_name = "FOLDER", help_heading = "Answer")]
    save: Option<PathBuf>,
}

impl Send {
    /// # Errors
    /// When the server cannot be reached, or refuses the message.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let sending = self.wording.sending(self.no_wait)?;
        let folder = self.save.as_deref().map(Folder::at).transpose()?;
        let server = self.reach.connect(terminal).await?;
        let said = server.call(&Operation::SendMessage(sending)).await?;
        match a2a::answer(&said) {
            None => Err(no_answer()),
            Some(Answer::Message(message)) => {
                terminal.result(&said, |_| parts_text(&message.parts));
                if let Some(mut folder) = folder {
                    folder.keep(&message.parts, terminal)?;
                }
                if terminal.format() == Format::Text && !message.context_id.is_empty() {
                    let context = a2a::clean(&message.context_id);
                    terminal.note(format!("to go on in its context: --context {context}"));
                }
                Ok(Exit::Ok)
            }
            Some(Answer::Task(task)) => {
                let (task, said) = if self.no_wait {
                    (task, said)
                } else {
                    ended(&server, task, said).await?
                };
                show(&task, &said, folder, terminal)?;
                if terminal.format() == Format::Text {
                    terminal.note(closing(&task, |command| self.reach.again(command)));
                }
                Ok(outcome(task.status.state))
            }
        }
    }
}

fn no_answer() -> Failure {
    Failure::new(
        Exit::Data,
        "the server answered with neither a task nor a message",
    )
    .remedy("-v shows what it answered")
}

/// Some servers give a task back while it is at work, whatever was asked: they are asked again.
async fn ended(server: &Server, task: Task, said: Value) -> Result<(Task, Value), Failure> {
    let (mut task, mut said, begun) = (task, said, Instant::now());
    while !task.status.state.is_terminal()
        && !task.status.state.is_interrupted()
        && !task.id.is_empty()
        && begun.elapsed() < PATIENCE
    {
        tokio::time::sleep(POLL).await;
        let id = task.id.clone();
        said = server
            .call(&Operation::GetTask {
                id,
                history_length: None,
            })
            .await?;
        task = a2a::task(&said);
    }
    Ok((task, said))
}

/// Prints a task and saves its files.
pub(super) fn show(
    task: &Task,
    said: &Value,
    folder: Option<Folder>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    terminal.result(said, |_| task_text(task));
    if let Some(mut folder) = folder {
        for artifact in task.artifacts.iter().flatten() {
            folder.keep(&artifact.parts, terminal)?;
        }
        if let Some(message) = &task.status.message {
            folder.keep(&message.parts, terminal)?;
        }
    }
    Ok(())
}
