//! SendMessage.

use std::time::Instant;

use serde_json::{Value, json};

use crate::check::probe::{
    INTERRUPTED, NO_TASK, Probe, TERMINAL, members, new_id, state, task_of, text,
};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds, skipped, wrong};
use crate::check::wire::{Expected, Operation};

requirements! {
    "send.answers", "3.1.1", Must, "A message is answered with a task or a message", ["CORE-SEND-001"], Each => answers;
    "send.waits", "3.2.2", Must, "By default the answer waits until the task has ended or asks back", ["CORE-EXECUTION-MODE-001"], Each => waits;
    "send.immediately", "3.2.2", Must, "With returnImmediately a task is answered as it stands", ["CORE-EXECUTION-MODE-002"], Each => immediately;
    "send.context", "3.4.1", Must, "The answer has a contextId", ["CORE-MULTI-001a"], Each => context;
    "send.own-context", "3.4.1", Must, "A contextId of the client is kept or refused, never replaced", ["CORE-MULTI-002a"], Each => own_context;
    "send.task-ids", "3.4.2", Must, "Each task has an id of its own", ["CORE-MULTI-003"], Each => task_ids;
    "send.unknown-task", "3.4.2", Must, "A taskId that does not exist is TaskNotFoundError", ["CORE-MULTI-004"], Each => unknown_task;
    "send.ended-task", "3.1.1", Must, "A message to a task that has ended is UnsupportedOperationError", ["CORE-SEND-002"], Each => ended_task;
    "send.other-context", "3.4.3", Must, "A contextId that is not the task's is refused", ["CORE-MULTI-006"], Each => other_context;
    "send.without-parts", "3.3.2", Must, "A message without parts is refused", ["CORE-ERR-002"], Each => without_parts;
    "send.without-history", "3.2.4", Should, "historyLength 0 leaves history out", ["CORE-HIST-003"], Each => without_history;
    "send.unknown-fields", "5.7", Should, "Fields that are not known are ignored", ["DM-SERIAL-005"], Each => unknown_fields;
    "send.extension", "3.3.4", Must, "Without a required extension it is ExtensionSupportRequiredError", ["CORE-CAP-004"], Each => extension;
}

async fn answers(probe: &Probe<'_>) -> Seen {
    let answer = probe.answer().await?;
    match (answer.get("task"), answer.get("message")) {
        (Some(task), None) => {
            holds(!text(task, "id").is_empty(), || {
                "a task without an id".to_owned()
            })?;
            Ok(format!("a task, {}", state(task)))
        }
        (None, Some(_)) => Ok("a message".to_owned()),
        _ => wrong(format!("an answer with {}", members(&answer))),
    }
}

async fn waits(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let state = state(task_of(&answer)?);
    holds(
        TERMINAL.contains(&state) || INTERRUPTED.contains(&state),
        || format!("a task that is {state} still"),
    )?;
    Ok(state.to_owned())
}

async fn immediately(probe: &Probe<'_>) -> Seen {
    let mut params = probe.params(json!({}));
    configure(&mut params, "returnImmediately", true.into());
    let begun = Instant::now();
    let answer = probe.wire.call(&Operation::Send(params)).await?.result()?;
    let task = task_of(&answer)?;
    holds(!state(task).is_empty(), || {
        "a task without a state".to_owned()
    })?;
    Ok(format!(
        "{} after {} ms",
        state(task),
        begun.elapsed().as_millis()
    ))
}

async fn context(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let id = context_id(&answer)?;
    holds(!id.is_empty(), || "an answer without contextId".to_owned())?;
    Ok(id.to_owned())
}

async fn own_context(probe: &Probe<'_>) -> Seen {
    let own = new_id();
    let params = probe.params(json!({ "contextId": own }));
    match probe.wire.call(&Operation::Send(params)).await?.outcome()? {
        Err(fault) => Ok(format!("refused: {}", fault.shown())),
        Ok(answer) => {
            let id = context_id(&answer)?;
            holds(id == own, || format!("{id:?} instead of {own:?}"))?;
            Ok("kept".to_owned())
        }
    }
}

async fn task_ids(probe: &Probe<'_>) -> Seen {
    let (first, second) = (answer(probe).await?, probe.send(json!({})).await?);
    let (first, second) = (text(task_of(&first)?, "id"), text(task_of(&second)?, "id"));
    holds(first != second && !second.is_empty(), || {
        format!("two tasks with the id {first:?}")
    })?;
    Ok("two messages, two ids".to_owned())
}

async fn unknown_task(probe: &Probe<'_>) -> Seen {
    let params = probe.params(json!({ "taskId": NO_TASK }));
    let reply = probe.wire.call(&Operation::Send(params)).await?;
    reply.refused_as(Expected::TASK_NOT_FOUND)
}

async fn ended_task(probe: &Probe<'_>) -> Seen {
    let task = probe.ended_task().await?;
    let params = probe.params(json!({ "taskId": text(&task, "id") }));
    let reply = probe.wire.call(&Operation::Send(params)).await?;
    reply.refused_as(Expected::UNSUPPORTED_OPERATION)
}

async fn other_context(probe: &Probe<'_>) -> Seen {
    let task = probe.ended_task().await?;
    let other = json!({ "taskId": text(&task, "id"), "contextId": new_id() });
    let reply = probe
        .wire
        .call(&Operation::Send(probe.params(other)))
        .await?;
    Ok(reply.fault()?.shown())
}

async fn without_parts(probe: &Probe<'_>) -> Seen {
    let params = probe.params(json!({ "parts": [] }));
    let reply = probe.wire.call(&Operation::Send(params)).await?;
    Ok(reply.fault()?.shown())
}

async fn without_history(probe: &Probe<'_>) -> Seen {
    let mut params = probe.params(json!({}));
    configure(&mut params, "historyLength", 0.into());
    let answer = probe.wire.call(&Operation::Send(params)).await?.result()?;
    let history = task_of(&answer)?.get("history").and_then(Value::as_array);
    let length = history.map_or(0, Vec::len);
    holds(length == 0, || format!("{length} messages"))?;
    Ok("no history".to_owned())
}

async fn unknown_fields(probe: &Probe<'_>) -> Seen {
    let mut params = probe.params(json!({ "unknownField": { "of": "a later version" } }));
    if let Some(params) = params.as_object_mut() {
        params.insert("alsoUnknown".to_owned(), true.into());
    }
    probe.wire.call(&Operation::Send(params)).await?.result()?;
    Ok("accepted".to_owned())
}

async fn extension(probe: &Probe<'_>) -> Seen {
    if probe.agent.required_extensions().is_empty() {
        return skipped("the card requires no extension");
    }
    let wire = probe.wire.with_header("a2a-extensions", None);
    let reply = wire.call(&Operation::Send(probe.params(json!({})))).await?;
    reply.refused_as(Expected::EXTENSION_REQUIRED)
}

/// One failure is told once, by `send.answers`.
async fn answer(probe: &Probe<'_>) -> Result<Value, Ended> {
    probe
        .answer()
        .await
        .or_else(|_| skipped("no message is answered: see send.answers"))
}

fn context_id(answer: &Value) -> Result<&str, Ended> {
    match answer.get("task").or_else(|| answer.get("message")) {
        Some(answered) => Ok(text(answered, "contextId")),
        None => wrong(format!("an answer with {}", members(answer))),
    }
}

fn configure(params: &mut Value, name: &str, value: Value) {
    if let Some(params) = params.as_object_mut() {
        params.insert("configuration".to_owned(), json!({ name: value }));
    }
}
