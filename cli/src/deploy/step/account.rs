//! The service account.

use serde_json::json;

use super::{Action, Outcome};
use crate::deploy::Deployment;
use crate::deploy::apply::Work;
use crate::deploy::gcloud::Line;
use crate::deploy::plan::Step;
use crate::failure::Failure;
use crate::google::{Api, Request};

pub(in crate::deploy) fn account(deployment: &Deployment) -> Step {
    let (project, name) = (&deployment.project, &deployment.manifest.service.account);
    let describe = Line::gcloud(["iam", "service-accounts", "describe", &deployment.account()]);
    let line = Line::gcloud(["iam", "service-accounts", "create", name])
        .flag("display-name", &shown(deployment))
        .flag("project", project)
        .unless(describe.flag("project", project));
    Step {
        what: format!("create the service account {name}"),
        why: "the service has an account of its own, which may do no more than it needs".to_owned(),
        lines: vec![line],
        calls: vec![get(deployment), create(deployment)],
        check: format!("{} is there", deployment.account()),
        action: Action::Account,
    }
}

fn shown(deployment: &Deployment) -> String {
    format!("Agent {}", deployment.manifest.name)
}

fn get(deployment: &Deployment) -> Request {
    Request::get(Api::Iam, deployment.account_path())
}

fn create(deployment: &Deployment) -> Request {
    let body = json!({
        "accountId": deployment.manifest.service.account,
        "serviceAccount": {"displayName": shown(deployment)},
    });
    Request::post(
        Api::Iam,
        format!("v1/projects/{}/serviceAccounts", deployment.project),
        body,
    )
}

pub(super) async fn apply(work: &Work<'_>) -> Result<Outcome, Failure> {
    if work.find(&get(work.deployment)).await?.is_some() {
        return Ok(Outcome::Unchanged);
    }
    let _ = work.call(&create(work.deployment)).await?;
    work.made_something();
    Ok(Outcome::Created)
}
