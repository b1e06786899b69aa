//! The queue of Cloud Tasks.

use serde_json::{Value, json};

use super::same::difference;
use super::{Action, Outcome};
use crate::deploy::Deployment;
use crate::deploy::apply::Work;
use crate::deploy::gcloud::Line;
use crate::deploy::plan::Step;
use crate::failure::{Exit, Failure};
use crate::google::{Api, Request};

pub(in crate::deploy) fn queue(deployment: &Deployment) -> Option<Step> {
    let name = deployment.queue()?;
    let queue = deployment.manifest.queue.as_ref()?;
    let short = name.rsplit('/').next().unwrap_or_default();
    let line = |verb: &str| {
        Line::gcloud(["tasks", "queues", verb, short])
            .flag("location", name.split('/').nth(3).unwrap_or_default())
            .flag("project", &deployment.project)
    };
    let settings = |line: Line| {
        line.flag("max-attempts", &queue.max_attempts.to_string())
            .flag("min-backoff", &format!("{}s", queue.min_backoff))
            .flag("max-backoff", &format!("{}s", queue.max_backoff))
            .flag(
                "max-concurrent-dispatches",
                &queue.max_concurrent.to_string(),
            )
            .flag(
                "max-dispatches-per-second",
                &queue.max_per_second.to_string(),
            )
    };
    let create = settings(line("create")).unless(line("describe"));
    Some(Step {
        what: format!("create the queue {short}"),
        why: "it calls the service to go on with work after the response".to_owned(),
        lines: vec![create, settings(line("update"))],
        calls: vec![
            get(&name),
            create_call(&name, &wanted(deployment)?),
            patch(&name, &wanted(deployment)?),
        ],
        check: "it is there, with these limits, and runs".to_owned(),
        action: Action::Queue,
    })
}

fn get(name: &str) -> Request {
    Request::get(Api::CloudTasks, format!("v2/{name}"))
}

fn create_call(name: &str, wanted: &Value) -> Request {
    let parent = name
        .rsplit_once('/')
        .map(|(parent, _)| parent)
        .unwrap_or_default();
    Request::post(Api::CloudTasks, format!("v2/{parent}"), wanted.clone())
}

fn patch(name: &str, wanted: &Value) -> Request {
    Request::patch(Api::CloudTasks, format!("v2/{name}"), wanted.clone())
        .query("updateMask", "rateLimits,retryConfig")
}

fn wanted(deployment: &Deployment) -> Option<Value> {
    let queue = deployment.manifest.queue.as_ref()?;
    Some(json!({
        "name": deployment.queue()?,
        "rateLimits": {
            "maxConcurrentDispatches": queue.max_concurrent,
            "maxDispatchesPerSecond": queue.max_per_second,
        },
        "retryConfig": {
            "maxAttempts": queue.max_attempts,
            "minBackoff": format!("{}s", queue.min_backoff),
            "maxBackoff": format!("{}s", queue.max_backoff),
        },
    }))
}

pub(super) async fn apply(work: &Work<'_>) -> Result<Outcome, Failure> {
    let (Some(name), Some(wanted)) = (work.deployment.queue(), wanted(work.deployment)) else {
        return Ok(Outcome::Skipped);
    };
    let Some(found) = work.find(&get(&name)).await? else {
        let _ = work.call(&create_call(&name, &wanted)).await?;
        return Ok(Outcome::Created);
    };
    if found
        .get("state")
        .and_then(Value::as_str)
        .is_some_and(|state| state != "RUNNING")
    {
        let state = found
            .get("state")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let short = name.rsplit('/').next().unwrap_or_default();
        let location = name.split('/').nth(3).unwrap_or_default();
        let remedy = format!(
            "gcloud tasks queues resume {short} --location={location} --project={}",
            work.deployment.project
        );
        let sentence = format!("the queue {short} is {state}: it would take work and do none");
        return Err(Failure::new(Exit::Data, sentence).remedy(remedy));
    }
    if difference(&wanted, &found).is_none() {
        return Ok(Outcome::Unchanged);
    }
    let _ = work.call(&patch(&name, &wanted)).await?;
    Ok(Outcome::Changed)
}
