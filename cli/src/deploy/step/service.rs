//! The service itself.

use serde_json::Value;

use super::same::difference;
use super::{Action, Outcome};
use crate::deploy::apply::Work;
use crate::deploy::gcloud::Line;
use crate::deploy::plan::Step;
use crate::deploy::{Deployment, render};
use crate::failure::{Exit, Failure};
use crate::google::{Api, Request};

const ATTEMPTS: u32 = 8;

pub(in crate::deploy) fn service(deployment: &Deployment) -> Result<Step, Failure> {
    let wanted = render::service(deployment);
    let line = Line::gcloud(["run", "services", "replace", "service.yaml"])
        .flag("region", deployment.region())
        .flag("project", &deployment.project);
    Ok(Step {
        what: format!("deploy the service {}", deployment.service()),
        why: format!("it runs {}", deployment.image),
        lines: vec![line],
        calls: vec![
            get(deployment),
            create(deployment, &wanted),
            replace(deployment, &wanted),
        ],
        check: "what Cloud Run has is what the manifest says".to_owned(),
        action: Action::Service,
    })
}

/// Whether it is as wanted. The project may have come back as its number.
fn is_same(wanted: &Value, found: &Value) -> bool {
    let mut wanted = wanted.clone();
    if let Some(metadata) = wanted.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("namespace");
    }
    difference(&wanted, found).is_none()
}

pub(super) fn get(deployment: &Deployment) -> Request {
    let path = format!(
        "v1/{}/services/{}",
        deployment.location(),
        deployment.service()
    );
    Request::get(Api::Run, path)
}

fn create(deployment: &Deployment, wanted: &Value) -> Request {
    Request::post(
        Api::Run,
        format!("v1/{}/services", deployment.location()),
        wanted.clone(),
    )
}

fn replace(deployment: &Deployment, wanted: &Value) -> Request {
    let path = format!(
        "v1/{}/services/{}",
        deployment.location(),
        deployment.service()
    );
    Request::put(Api::Run, path, wanted.clone())
}

pub(super) async fn apply(work: &Work<'_>) -> Result<Outcome, Failure> {
    let wanted = render::service(work.deployment);
    for attempt in 1..=ATTEMPTS {
        let found = work.find(&get(work.deployment)).await?;
        let (request, outcome) = match &found {
            None => (create(work.deployment, &wanted), Outcome::Created),
            Some(found) if is_same(&wanted, found) => return Ok(Outcome::Unchanged),
            Some(found) => {
                let mut wanted = wanted.clone();
                let version = found.pointer("/metadata/resourceVersion").cloned();
                let metadata = wanted.get_mut("metadata").and_then(Value::as_object_mut);
                if let (Some(metadata), Some(version)) = (metadata, version) {
                    metadata.insert("resourceVersion".to_owned(), version);
                }
                (replace(work.deployment, &wanted), Outcome::Changed)
            }
        };
        match work.try_call(&request).await {
            Ok(_) => return Ok(outcome),
            // Somebody else was faster, or roles that were just granted are not known everywhere.
            Err(why) if attempt < ATTEMPTS && passes(&why, work.has_made_something()) => {
                work.pause(attempt).await
            }
            Err(why) => return Err(why.into()),
        }
    }
    Err(Failure::new(Exit::Software, "no attempt was made"))
}

/// What a new project has to get used to passes; in an old one it does not.
fn passes(why: &crate::google::Error, is_young: bool) -> bool {
    let says = |text: &str| {
        why.refusal()
            .is_some_and(|refusal| refusal.message.contains(text))
    };
    why.is("ABORTED")
        || why.is("ALREADY_EXISTS")
        || says("permissions might take a few minutes to propagate")
        || is_young && says("must have permission to read the image")
        || is_young && says("artifactregistry.repositories.downloadArtifacts")
}
