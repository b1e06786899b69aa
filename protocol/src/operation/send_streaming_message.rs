//! SendStreamingMessage (section 3.1.2): the task and every event of this turn, or one message.
//!
//! The stream ends when the task has ended or waits for its client. A reader that leaves, or does
//! not keep up, does not hold the run up: the events are in the log, and SubscribeToTask with
//! `Last-Event-ID` goes on from any of them.
//!
//! A client that lost its connection may not know its task yet. It sends the same message again: the
//! task that this began comes back as it stands, and what follows. With `Last-Event-ID` only the
//! events after that one come, so nothing is missed and nothing seen twice (`docs/resuming.md`).

use futures_channel::mpsc;
use futures_util::future::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};

use super::subscribe_to_task::snapshot_frame;
use super::turn::{Opened, open};
use super::{Answered, Call, Reply};
use crate::agent::Agent;
use crate::error::Error;
use crate::log::{SharedLog, StoredTask};
use crate::run::{End, FrameSender, Recorder, Until, drive, follow};
use crate::wire::SendMessageRequest;

pub(crate) async fn send_streaming_message<A: Agent>(
    call: &Call<A>,
    request: SendMessageRequest,
) -> Result<Answered, Error> {
    call.require_streaming()?;
    let history_length = request.configuration.history_length;
    let (sender, frames) = mpsc::unbounded();
    let sender = FrameSender::new(sender, history_length);
    let context = match open(call, request, Some(sender), false).await? {
        Opened::Run(context) => *context,
        Opened::Repeated(task, log) => {
            return Ok(repeated(task, log, history_length, call.last_event_id)?.into());
        }
    };
    let last_event_id = call.last_event_id;
    let (recorder, log) = (context.recorder.clone(), context.log.clone());
    let work = drive(call.agent.clone(), context)
        .then(move |end| async move {
            close(end, &recorder, log, history_length, last_event_id).await;
        })
        .boxed_local();
    Ok(Answered {
        reply: Reply::Stream(frames.boxed_local()),
        after: Some(work),
    })
}

/// What the run could not put on the stream itself.
async fn close(
    end: End,
    recorder: &Recorder,
    log: SharedLog,
    history_length: Option<i32>,
    last_event_id: Option<u64>,
) {
    match end {
        End::Task(_) | End::Message(_) => {}
        End::Error(error) => recorder.forward(Err(error)),
        End::Repeated(task) => match repeated(task, log, history_length, last_event_id) {
            Ok(Reply::Stream(mut frames)) => {
                while let Some(frame) = frames.next().await {
                    recorder.forward(frame);
                }
            }
            Ok(_) => {}
            Err(error) => recorder.forward(Err(error)),
        },
    }
}

/// The stream of a message that was sent before: its task as it stands, and what follows; or, for a
/// client that has a part of this stream, the rest of it.
fn repeated(
    task: StoredTask,
    log: SharedLog,
    history_length: Option<i32>,
    last_event_id: Option<u64>,
) -> Result<Reply, Error> {
    let (id, newest) = (task.id.clone(), task.newest);
    if let Some(after) = last_event_id.filter(|after| *after <= newest) {
        return Ok(Reply::Stream(
            follow(log, id, after, Until::Rest).boxed_local(),
        ));
    }
    let first = snapshot_frame(task, history_length)?;
    let frames = stream::iter([Ok(first)]).chain(follow(log, id, newest, Until::Rest));
    Ok(Reply::Stream(frames.boxed_local()))
}
