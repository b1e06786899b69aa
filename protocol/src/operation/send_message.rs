//! SendMessage (section 3.1.1): waits until the task has ended or waits for its client, unless the
//! client wants it at once (section 3.2.2).

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, FutureExt as _, select};
use futures_util::stream::StreamExt as _;

use super::turn::{Opened, open};
use super::{Answered, Call, Reply};
use crate::agent::Agent;
use crate::error::Error;
use crate::log::{Placement, SharedLog, StoredTask};
use crate::run::{End, Until, drive, fold, follow, log_error};
use crate::wire::{SendMessageRequest, SendMessageResponse, Task};

/// Gemini Enterprise and Cloud Run's default both give a request 300 seconds. A task that takes
/// longer is answered as it stands, and goes on.
const BLOCKING_TIMEOUT: Duration = Duration::from_secs(290);

pub(crate) async fn send_message<A: Agent>(
    call: &Call<A>,
    request: SendMessageRequest,
) -> Result<Answered, Error> {
    let history_length = request.configuration.history_length;
    let at_once = request.configuration.return_immediately;
    let context = match open(call, request, None, at_once).await? {
        Opened::Run(context) => *context,
        Opened::Repeated(task, log) => {
            let task = if at_once {
                fold(task)?
            } else {
                rest(log, task).await?
            };
            return Ok(task_reply(task, history_length).into());
        }
    };
    let recorder = context.recorder.clone();
    let (agent, log) = (call.agent.clone(), context.log.clone());
    if at_once {
        let task = recorder.task();
        // What does not fit beside the task stays in this instance.
        let placement = match context.terms.print() {
            Ok(terms) => recorder.dispatch(terms.as_deref()),
            Err(_) => Ok(Placement::Here),
        };
        let placement = placement.map_err(|e| log_error(&e, &task.id))?;
        let after =
            (placement == Placement::Here).then(|| drive(agent, context).map(drop).boxed_local());
        return Ok(Answered {
            reply: task_reply(task, history_length),
            after,
        });
    }
    let platform = call.platform.clone();
    let patience = async move { platform.sleep(BLOCKING_TIMEOUT).await }.boxed_local();
    match select(drive(agent, context).boxed_local(), patience).await {
        Either::Left((end, _)) => Ok(reply(end, history_length, log).await?.into()),
        Either::Right(((), run)) => Ok(Answered {
            reply: task_reply(recorder.task(), history_length),
            after: Some(run.map(drop).boxed_local()),
        }),
    }
}

async fn reply(end: End, history_length: Option<i32>, log: SharedLog) -> Result<Reply, Error> {
    match end {
        End::Task(task) => Ok(task_reply(task, history_length)),
        End::Message(message) => Ok(Reply::Sent(SendMessageResponse::Message(message))),
        End::Repeated(task) => Ok(task_reply(rest(log, task).await?, history_length)),
        End::Error(error) => Err(error),
    }
}

fn task_reply(mut task: Task, history_length: Option<i32>) -> Reply {
    task.limit_history(history_length);
    Reply::Sent(SendMessageResponse::Task(task))
}

/// Waits until a task has ended or waits for its client.
async fn rest(log: SharedLog, task: StoredTask) -> Result<Task, Error> {
    if Until::Rest.reached(task.state) {
        return fold(task);
    }
    let id = task.id;
    let mut events = pin!(follow(log.clone(), id.clone(), task.newest, Until::Rest));
    while let Some(event) = events.next().await {
        event?;
    }
    fold(log.get(&id).map_err(|e| log_error(&e, &id))?)
}
