//! Push notifications: what is kept of webhooks. None is ever called: the name of ours leads nowhere.

use serde_json::{Value, json};

use crate::check::probe::{NO_TASK, Probe, members, new_id, text};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds, skipped, wrong};
use crate::check::wire::{Expected, Operation};

requirements! {
    "push.undeclared", "3.3.4", Must, "Without the capability it is PushNotificationNotSupportedError", ["CORE-CAP-001"], Each => undeclared;
    "push.create", "3.1.7", Must, "A webhook of a task is taken", ["PUSH-CREATE-001"], Each => create;
    "push.get", "3.1.8", Must, "It is given back with its URL", ["PUSH-GET-001", "PUSH-CREATE-002"], Each => get;
    "push.unknown", "3.1.8", Must, "One that does not exist is an error", ["PUSH-GET-002"], Each => unknown;
    "push.list", "3.1.9", Must, "It is listed", ["PUSH-LIST-001"], Each => list;
    "push.delete", "3.1.10", Must, "It is removed for good", ["PUSH-DEL-001"], Each => delete;
    "push.delete-again", "3.1.10", Must, "To remove it again is no error", ["PUSH-DEL-002"], Each => delete_again;
}

/// Names below `.invalid` have no address, whatever the resolver.
const URL: &str = "https://attache-check.invalid/webhook";

struct Webhook {
    task: String,
    id: String,
}

async fn undeclared(probe: &Probe<'_>) -> Seen {
    if probe.agent.declares("pushNotifications") {
        return skipped("the card declares pushNotifications");
    }
    let config = json!({ "id": new_id(), "url": URL });
    let reply = probe
        .wire
        .call(&Operation::CreatePush(NO_TASK, config))
        .await?;
    reply.refused_as(Expected::PUSH_NOT_SUPPORTED)
}

async fn create(probe: &Probe<'_>) -> Seen {
    let webhook = created(probe).await?;
    Ok(format!("the id {}", webhook.id))
}

async fn get(probe: &Probe<'_>) -> Seen {
    let Webhook { task, id } = prepared(probe).await?;
    let got = probe
        .wire
        .call(&Operation::GetPush(&task, &id))
        .await?
        .result()?;
    holds(text(&got, "url") == URL, || {
        format!("the URL {:?}", text(&got, "url"))
    })?;
    Ok("with its URL".to_owned())
}

async fn unknown(probe: &Probe<'_>) -> Seen {
    let task = ended(probe).await?;
    let reply = probe
        .wire
        .call(&Operation::GetPush(text(&task, "id"), NO_TASK))
        .await?;
    Ok(reply.fault()?.shown())
}

async fn list(probe: &Probe<'_>) -> Seen {
    let Webhook { task, id } = prepared(probe).await?;
    let listed = ids(probe, &task).await?;
    holds(listed.contains(&id), || format!("{} others", listed.len()))?;
    Ok("it is".to_owned())
}

async fn delete(probe: &Probe<'_>) -> Seen {
    let Webhook { task, id } = prepared(probe).await?;
    probe
        .wire
        .call(&Operation::DeletePush(&task, &id))
        .await?
        .result()?;
    let reply = probe.wire.call(&Operation::GetPush(&task, &id)).await?;
    let fault = reply.fault().or_else(|_| wrong("it is there still"))?;
    Ok(format!("afterwards {}", fault.shown()))
}

async fn delete_again(probe: &Probe<'_>) -> Seen {
    let Webhook { task, id } = prepared(probe).await?;
    let operation = Operation::DeletePush(&task, &id);
    probe.wire.call(&operation).await?.result()?;
    probe.wire.call(&operation).await?.result()?;
    Ok("accepted twice".to_owned())
}

async fn ended(probe: &Probe<'_>) -> Result<Value, Ended> {
    if !probe.agent.declares("pushNotifications") {
        return skipped("the card declares no pushNotifications");
    }
    probe.ended_task().await
}

async fn created(probe: &Probe<'_>) -> Result<Webhook, Ended> {
    let task = ended(probe).await?;
    let task = text(&task, "id");
    let config = json!({ "id": new_id(), "url": URL });
    let made = probe
        .wire
        .call(&Operation::CreatePush(task, config))
        .await?
        .result()?;
    let id = text(&made, "id");
    holds(!id.is_empty(), || {
        format!("an answer with {}", members(&made))
    })?;
    Ok(Webhook {
        task: task.to_owned(),
        id: id.to_owned(),
    })
}

/// One failure is told once, by `push.create`.
async fn prepared(probe: &Probe<'_>) -> Result<Webhook, Ended> {
    created(probe).await.map_err(|ended| match ended {
        Ended::Wrong(_) => Ended::Skipped("no webhook is taken: see push.create".to_owned()),
        skipped => skipped,
    })
}

async fn ids(probe: &Probe<'_>, task: &str) -> Result<Vec<String>, Ended> {
    let listed = probe
        .wire
        .call(&Operation::ListPush(task))
        .await?
        .result()?;
    let configs = listed.get("configs").and_then(Value::as_array);
    Ok(configs
        .into_iter()
        .flatten()
        .map(|config| text(config, "id").to_owned())
        .collect())
}
