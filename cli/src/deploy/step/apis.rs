//! Enabling APIs.

use serde_json::{Value, json};

use super::{Action, Outcome};
use crate::deploy::Deployment;
use crate::deploy::apply::Work;
use crate::deploy::gcloud::Line;
use crate::deploy::plan::Step;
use crate::failure::Failure;
use crate::google::{Api, Request};

pub(in crate::deploy) fn apis(deployment: &Deployment) -> Step {
    let mut line = Line::gcloud(["services", "enable"]);
    for api in deployment.apis() {
        line = line.word(api);
    }
    Step {
        what: format!("enable {} APIs", deployment.apis().len()),
        why: "a project refuses calls of APIs that are not enabled".to_owned(),
        lines: vec![line.flag("project", &deployment.project)],
        calls: vec![enabled(deployment), enable(deployment, &deployment.apis())],
        check: "all of them are in the list of enabled services".to_owned(),
        action: Action::Apis,
    }
}

fn enabled(deployment: &Deployment) -> Request {
    Request::get(
        Api::ServiceUsage,
        format!("v1/projects/{}/services", deployment.project),
    )
    .query("filter", "state:ENABLED")
}

fn enable(deployment: &Deployment, apis: &[&str]) -> Request {
    let path = format!("v1/projects/{}/services:batchEnable", deployment.project);
    Request::post(Api::ServiceUsage, path, json!({"serviceIds": apis}))
}

pub(super) async fn apply(work: &Work<'_>) -> Result<Outcome, Failure> {
    let found = work
        .google
        .list(&enabled(work.deployment), "services")
        .await?;
    let is_enabled = |api: &&str| {
        found.iter().any(|service| {
            let name = service
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            name.rsplit('/').next() == Some(*api)
                && service.get("state").and_then(Value::as_str) != Some("DISABLED")
        })
    };
    let missing: Vec<_> = work
        .deployment
        .apis()
        .into_iter()
        .filter(|api| !is_enabled(api))
        .collect();
    if missing.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    let operation = work.google.call(&enable(work.deployment, &missing)).await?;
    work.google
        .wait(Api::ServiceUsage, "v1", operation, "the APIs")
        .await?;
    work.made_something();
    Ok(Outcome::Changed)
}
