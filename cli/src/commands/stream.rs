//! `attache stream URL TEXT…`.

use std::path::PathBuf;

use clap::Args;

use crate::a2a::{
    CallError, Folder, Follower, Kind, Operation, Reach, Telling, Told, Wording, clean, closing,
    outcome,
};
use crate::failure::{Exit, Failure};
use crate::terminal::{Format, Terminal};

/// Send a message and print the events of the answer as they come.
///
/// With -o json each event is one line, as the server said it. A stream that breaks off is taken up
/// again: after the last event where the server numbers them, else from the task as it stands.
#[derive(Debug, Args)]
pub(crate) struct Stream {
    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    wording: Wording,

    /// End with an error when the stream breaks off.
    #[arg(long, help_heading = "Answer")]
    no_resume: bool,

    /// Save the files of the answer in this folder.
    #[arg(long, value_name = "FOLDER", help_heading = "Answer")]
    save: Option<PathBuf>,
}

impl Stream {
    /// # Errors
    /// When the server cannot be reached, or refuses the message.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let sending = self.wording.sending(false)?;
        let folder = self.save.as_deref().map(Folder::at).transpose()?;
        let server = self.reach.connect(terminal).await?;
        let begin = Operation::SendStreamingMessage(sending);
        let follower = Follower::new(&server, begin, !self.no_resume);
        match tell(follower, folder, &self.reach, terminal).await {
            Err(CallError::Refused(refusal)) if refusal.kind == Kind::Unsupported => {
                Err(Failure::from(refusal).remedy(
                    "if the agent does not stream, use `attache send`; see `attache card show`",
                ))
            }
            other => Ok(other?),
        }
    }
}

/// Tells everything that a follower has to tell.
pub(super) async fn tell(
    mut follower: Follower<'_>,
    folder: Option<Folder>,
    reach: &Reach,
    terminal: &Terminal,
) -> Result<Exit, CallError> {
    let mut telling = Telling::new(terminal, folder);
    loop {
        let told = match follower.next().await {
            Ok(told) => told,
            Err(error) => {
                telling.end_line();
                return Err(with_remedy(error, &follower.task().id, reach));
            }
        };
        match told {
            None => break,
            Some(Told::Note(text)) => telling.note(text),
            Some(Told::Event(_, said)) if terminal.format() == Format::Json => terminal.line(&said),
            Some(Told::Event(event, _)) => telling.event(&event)?,
        }
    }
    telling.end_line();
    let task = follower.task();
    if terminal.format() == Format::Text && !task.id.is_empty() {
        terminal.note(closing(task, |command| reach.again(command)));
    }
    Ok(outcome(task.status.state))
}

/// A connection is gone, and the task perhaps goes on.
fn with_remedy(error: CallError, id: &str, reach: &Reach) -> CallError {
    match error {
        CallError::Failed(failure) if failure.exit() == Exit::Unavailable => {
            let (follow, list) = (reach.again("tasks follow"), reach.again("tasks list"));
            let remedy = match (failure.what_helps(), id) {
                (Some(remedy), _) => remedy.to_owned(),
                (None, "") => format!(
                    "the server named no task, so whether it began one is not known; see: {list}"
                ),
                (None, id) => format!("the task goes on: {follow} {}", clean(id)),
            };
            CallError::Failed(failure.remedy(remedy))
        }
        other => other,
    }
}
