//! A secret, and its value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Action, Outcome};
use crate::deploy::apply::Work;
use crate::deploy::gcloud::{Line, quoted};
use crate::deploy::plan::Step;
use crate::deploy::value::Source;
use crate::deploy::{Deployment, Values};
use crate::failure::{Exit, Failure};
use crate::google::{Api, Request};

pub(in crate::deploy) fn secret(deployment: &Deployment, name: &str, values: &Values) -> Step {
    let project = &deployment.project;
    let describe = Line::gcloud(["secrets", "describe", name]).flag("project", project);
    let create = Line::gcloud(["secrets", "create", name])
        .flag("replication-policy", "automatic")
        .flag("project", project)
        .unless(describe);
    let add = Line::gcloud(["secrets", "versions", "add", name]).flag("project", project);
    let (version, check) = match values.source(name) {
        Some(Source::Variable(variable)) => (
            Some(
                add.flag("data-file", "-")
                    .input(&format!("printf %s \"${variable}\"")),
            ),
            "its latest version is the value that is given",
        ),
        Some(Source::File(path)) => (
            Some(add.flag("data-file", &path.display().to_string())),
            "its latest version is the value that is given",
        ),
        Some(Source::Input) => (
            Some(add.flag("data-file", "-")),
            "its latest version is the value that is given",
        ),
        None => (None, "it has the versions that the manifest names"),
    };
    let mut calls = vec![get(deployment, name), make(deployment, name)];
    if values.source(name).is_some() {
        calls.push(access(deployment, name));
        calls.push(add_version(deployment, name, ""));
    } else {
        calls.extend(
            versions(deployment, name)
                .iter()
                .map(|v| version_of(deployment, name, v)),
        );
    }
    let used: Vec<_> = deployment
        .manifest
        .secrets
        .iter()
        .filter(|secret| secret.name == name)
        .map(crate::manifest::Secret::set_variable)
        .collect();
    Step {
        what: format!("create the secret {}", quoted(name)),
        why: format!("it holds {}", used.join(", ")),
        lines: std::iter::once(create).chain(version).collect(),
        calls,
        check: check.to_owned(),
        action: Action::Secret(name.to_owned()),
    }
}

fn path(deployment: &Deployment, name: &str) -> String {
    format!("v1/projects/{}/secrets/{name}", deployment.project)
}

fn get(deployment: &Deployment, name: &str) -> Request {
    Request::get(Api::SecretManager, path(deployment, name))
}

fn make(deployment: &Deployment, name: &str) -> Request {
    let parent = format!("v1/projects/{}/secrets", deployment.project);
    Request::post(
        Api::SecretManager,
        parent,
        json!({"replication": {"automatic": {}}}),
    )
    .query("secretId", name)
}

fn version_of(deployment: &Deployment, name: &str, version: &str) -> Request {
    Request::get(
        Api::SecretManager,
        format!("{}/versions/{version}", path(deployment, name)),
    )
}

fn access(deployment: &Deployment, name: &str) -> Request {
    let path = format!("{}/versions/latest:access", path(deployment, name));
    Request::get(Api::SecretManager, path)
}

fn add_version(deployment: &Deployment, name: &str, data: &str) -> Request {
    let path = format!("{}:addVersion", path(deployment, name));
    Request::post(Api::SecretManager, path, json!({"payload": {"data": data}})).makes_a_new_one()
}

/// The versions that the manifest names, each once.
fn versions(deployment: &Deployment, name: &str) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    for secret in deployment
        .manifest
        .secrets
        .iter()
        .filter(|secret| secret.name == name)
    {
        if !versions.contains(&secret.version) {
            versions.push(secret.version.clone());
        }
    }
    versions
}

pub(super) async fn apply(work: &Work<'_>, name: &str) -> Result<Outcome, Failure> {
    let deployment = work.deployment;
    // Before anything is made: without a value there would be a secret with nothing in it.
    let value = work.values.read(name)?;
    let is_there = work.find(&get(deployment, name)).await?.is_some();
    let mut outcome = Outcome::Unchanged;
    if !is_there {
        if value.is_none() {
            let sentence = format!(
                "there is no secret {name} in the project {}",
                deployment.project
            );
            return Err(Failure::new(Exit::Data, sentence).remedy(how(name)));
        }
        let _ = work.call(&make(deployment, name)).await?;
        outcome = Outcome::Created;
    }
    if let Some(value) = value {
        let now = if is_there {
            latest(work, name).await?
        } else {
            None
        };
        if now.as_deref() != Some(value.as_slice()) {
            let _ = work
                .call(&add_version(deployment, name, &STANDARD.encode(&value)))
                .await?;
            if is_there {
                outcome = Outcome::Changed;
            }
        }
    }
    for version in versions(deployment, name) {
        let found = work.find(&version_of(deployment, name, &version)).await?;
        let state = found
            .as_ref()
            .and_then(|found| found.get("state"))
            .and_then(Value::as_str);
        match state {
            None => {
                let sentence = format!(
                    "the secret {name} has no version {version}, so no instance could start"
                );
                return Err(Failure::new(Exit::Data, sentence).remedy(how(name)));
            }
            Some("ENABLED") => {}
            Some(state) => {
                let sentence = format!(
                    "version {version} of the secret {name} is {state}, so no instance could start"
                );
                let enable = format!(
                    "gcloud secrets versions enable {version} --secret={name} --project={}, or name \
                     another in the manifest.",
                    deployment.project
                );
                return Err(Failure::new(Exit::Data, sentence).remedy(enable));
            }
        }
    }
    Ok(outcome)
}

fn how(name: &str) -> String {
    format!(
        "Give its value with --secret {name}=file:PATH, {name}=env:VARIABLE or {name}=- (standard input)."
    )
}

/// The value that is there. Who may add one need not be allowed to read one: then nobody can tell
/// whether it is the same, and a new version does no harm.
async fn latest(work: &Work<'_>, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    let found = match work.google.find(&access(work.deployment, name)).await {
        Ok(found) => found,
        Err(why) if why.is("PERMISSION_DENIED") || why.is("FAILED_PRECONDITION") => None,
        Err(why) => return Err(why.into()),
    };
    let data = found
        .as_ref()
        .and_then(|found| found.pointer("/payload/data"))
        .and_then(Value::as_str);
    Ok(data.and_then(|data| STANDARD.decode(data).ok()))
}
