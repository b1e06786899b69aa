//! SendStreamingMessage and SubscribeToTask.

use serde_json::{Value, json};

use crate::check::probe::{INTERRUPTED, NO_TASK, Probe, TERMINAL, members, state, text};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds, skipped, wrong};
use crate::check::wire::{Expected, Operation};

requirements! {
    "stream.opens", "3.1.2", Must, "A message opens a stream of events", ["CORE-STREAM-001", "JSONRPC-SSE-001", "HTTP_JSON-SSE-001"], Each => opens;
    "stream.events", "3.1.2", Must, "Each event is one of task, message, statusUpdate, artifactUpdate", [], Each => events;
    "stream.order", "3.1.2", Must, "It begins with the task, or is one message", ["CORE-STREAM-002", "CORE-STREAM-003"], Each => order;
    "stream.closes", "3.1.2", Must, "It closes when the task has ended", ["CORE-STREAM-003"], Each => closes;
    "stream.undeclared", "3.3.4", Must, "Without the capability it is UnsupportedOperationError", ["CORE-CAP-002"], Each => undeclared;
    "subscribe.unknown", "3.1.6", Must, "A task that does not exist is TaskNotFoundError", ["STREAM-SUB-004"], Each => unknown;
    "subscribe.ended", "3.1.6", Must, "A task that has ended is UnsupportedOperationError", ["STREAM-SUB-003"], Each => ended;
}

const KINDS: [&str; 4] = ["task", "message", "statusUpdate", "artifactUpdate"];
/// An agent that says more than this is believed to go on well.
const MOST: usize = 2_000;

async fn opens(probe: &Probe<'_>) -> Seen {
    let (events, _) = stream(probe).await?;
    holds(!events.is_empty(), || "a stream without events".to_owned())?;
    Ok(format!("{} events", events.len()))
}

async fn events(probe: &Probe<'_>) -> Seen {
    let (events, _) = stream(probe).await?;
    for event in &events {
        let kinds = KINDS
            .iter()
            .filter(|kind| event.get(kind).is_some())
            .count();
        holds(kinds == 1, || format!("an event with {}", members(event)))?;
    }
    Ok(format!("{} events", events.len()))
}

async fn order(probe: &Probe<'_>) -> Seen {
    let (events, ended) = stream(probe).await?;
    let Some(first) = events.first() else {
        return wrong("a stream without events");
    };
    if first.get("message").is_some() {
        holds(events.len() == 1 && ended, || {
            format!("{} events after a message", events.len() - 1)
        })?;
        return Ok("one message".to_owned());
    }
    holds(first.get("task").is_some(), || {
        format!("first an event with {}", members(first))
    })?;
    let foreign = events
        .iter()
        .filter(|event| event.get("message").is_some())
        .count();
    holds(foreign == 0, || {
        "a message among the events of a task".to_owned()
    })?;
    Ok("the task first".to_owned())
}

async fn closes(probe: &Probe<'_>) -> Seen {
    let (events, ended) = stream(probe).await?;
    let last = events.iter().rev().find_map(state_in).unwrap_or("");
    if ended {
        let is_well = last.is_empty() || TERMINAL.contains(&last) || INTERRUPTED.contains(&last);
        holds(is_well, || format!("it closed while the task was {last}"))?;
        return Ok(last.to_owned());
    }
    if TERMINAL.contains(&last) {
        return wrong(format!("open, though the task is {last}"));
    }
    skipped("the agent works for longer than the time-out")
}

async fn undeclared(probe: &Probe<'_>) -> Seen {
    if probe.agent.declares("streaming") {
        return skipped("the card declares streaming");
    }
    let operation = Operation::Stream(probe.params(json!({})));
    let streamed = probe.wire.stream(&operation, 1).await?;
    streamed.refused_as(Expected::UNSUPPORTED_OPERATION)
}

async fn unknown(probe: &Probe<'_>) -> Seen {
    declared(probe)?;
    let streamed = probe.wire.stream(&Operation::Subscribe(NO_TASK), 1).await?;
    streamed.refused_as(Expected::TASK_NOT_FOUND)
}

async fn ended(probe: &Probe<'_>) -> Seen {
    declared(probe)?;
    let task = probe.ended_task().await?;
    let operation = Operation::Subscribe(text(&task, "id"));
    let streamed = probe.wire.stream(&operation, 1).await?;
    streamed.refused_as(Expected::UNSUPPORTED_OPERATION)
}

async fn stream(probe: &Probe<'_>) -> Result<(Vec<Value>, bool), Ended> {
    declared(probe)?;
    let operation = Operation::Stream(probe.params(json!({})));
    probe.wire.stream(&operation, MOST).await?.events()
}

fn declared(probe: &Probe<'_>) -> Result<(), Ended> {
    if probe.agent.declares("streaming") {
        return Ok(());
    }
    skipped("the card declares no streaming")
}

fn state_in(event: &Value) -> Option<&str> {
    let status = event.get("task").or_else(|| event.get("statusUpdate"))?;
    Some(state(status)).filter(|state| !state.is_empty())
}
