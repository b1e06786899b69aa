//! Whether every secret is there and may be read.

use serde_json::Value;

use super::Subject;
use super::finding::Finding;
use super::subject::{POLICY_VERSION, not_read, roles_of, text};
use crate::google::{Api, Request};

const CHECK: &str = "secrets";
const READERS: [&str; 2] = [
    "roles/secretmanager.secretAccessor",
    "roles/secretmanager.admin",
];
/// Variables whose values are secret, whoever's they are.
const SECRET_ENDINGS: [&str; 6] = [
    "PASSWORD",
    "_PASS",
    "_SECRET",
    "_API_KEY",
    "_API_KEYS",
    "_TOKEN",
];
const SECRET_NAMES: [&str; 3] = ["DATABASE_URL", "ATTACHE_CARD_KEY", "ATTACHE_PUSH_KEY"];

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, version) in used(subject) {
        found.extend(one(subject, &name, &version).await);
    }
    for variable in subject.containers().iter().flat_map(|container| {
        container
            .get("env")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }) {
        found.extend(in_the_clear(subject, variable));
    }
    found
}

/// The secrets that variables and volumes name, with their versions; each once.
fn used(subject: &Subject) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |secret: &str, version: &str| {
        let full = match secret.starts_with("projects/") {
            true => secret.to_owned(),
            false => format!("projects/{}/secrets/{secret}", subject.project),
        };
        let version = if version.is_empty() {
            "latest"
        } else {
            version
        };
        let used = (full, version.to_owned());
        if !secret.is_empty() && !all.contains(&used) {
            all.push(used);
        }
    };
    for container in subject.containers() {
        let variables = container.get("env").and_then(Value::as_array);
        for variable in variables.into_iter().flatten() {
            let at = "/valueSource/secretKeyRef";
            add(
                text(variable, &format!("{at}/secret")),
                text(variable, &format!("{at}/version")),
            );
        }
    }
    let volumes = subject
        .service
        .pointer("/template/volumes")
        .and_then(Value::as_array);
    for volume in volumes.into_iter().flatten() {
        let items = volume.pointer("/secret/items").and_then(Value::as_array);
        let secret = text(volume, "/secret/secret");
        match items {
            Some(items) => items
                .iter()
                .for_each(|item| add(secret, text(item, "/version"))),
            None => add(secret, "latest"),
        }
    }
    all
}

async fn one(subject: &Subject, secret: &str, version: &str) -> Option<Finding> {
    let short = secret.rsplit('/').next().unwrap_or_default();
    let project = secret.split('/').nth(1).unwrap_or_default();
    let google = &subject.google;
    match google
        .find(&Request::get(Api::SecretManager, format!("v1/{secret}")))
        .await
    {
        Ok(Some(_)) => {}
        Ok(None) => {
            let sentence = format!("there is no secret {short} in project {project}");
            let mend = format!(
                "gcloud secrets create {short} --project={project} --replication-policy=automatic --data-file=FILE"
            );
            return Some(Finding::error(CHECK, sentence, mend));
        }
        Err(error) => return Some(not_read(&format!("secret {short}"), error.into())),
    }
    let request = Request::get(
        Api::SecretManager,
        format!("v1/{secret}/versions/{version}"),
    );
    let add = format!("gcloud secrets versions add {short} --project={project} --data-file=FILE");
    match google.find(&request).await {
        Ok(Some(found)) if text(&found, "/state") == "ENABLED" => {}
        Ok(Some(found)) => {
            let state = text(&found, "/state");
            let sentence = format!(
                "version {version} of secret {short} is {state}: no instance starts with it"
            );
            return Some(Finding::error(CHECK, sentence, add));
        }
        Ok(None) => {
            let sentence =
                format!("secret {short} has no version {version}: no instance starts without it");
            return Some(Finding::error(CHECK, sentence, add));
        }
        Err(error) => {
            return Some(not_read(
                &format!("version {version} of secret {short}"),
                error.into(),
            ));
        }
    }
    if subject.account_has(&READERS) && subject.project_policy.is_some() {
        return None;
    }
    let member = format!("serviceAccount:{}", subject.account());
    let request = Request::get(Api::SecretManager, format!("v1/{secret}:getIamPolicy"));
    let request = request.query(POLICY_VERSION.0, POLICY_VERSION.1);
    match google.call(&request).await {
        Ok(policy) if roles_of(&policy, &member).any(|role| READERS.contains(&role)) => None,
        Ok(_) => {
            let sentence = format!("{} may not read secret {short}", subject.account());
            let mend = format!(
                "gcloud secrets add-iam-policy-binding {short} --project={project} --member={member} \
                 --role=roles/secretmanager.secretAccessor"
            );
            Some(Finding::error(CHECK, sentence, mend))
        }
        Err(error) => Some(not_read(
            &format!("who may read secret {short}"),
            error.into(),
        )),
    }
}

/// A value that whoever may look at the service reads.
fn in_the_clear(subject: &Subject, variable: &Value) -> Option<Finding> {
    let name = text(variable, "/name");
    let is_secret =
        SECRET_NAMES.contains(&name) || SECRET_ENDINGS.iter().any(|end| name.ends_with(end));
    if !is_secret || text(variable, "/value").is_empty() {
        return None;
    }
    let sentence =
        format!("{name} stands in the service's configuration, for everybody who may look at it");
    let mend = subject.update(&format!(
        "--remove-env-vars={name} --update-secrets={name}=SECRET:latest"
    ));
    Some(Finding::warning(CHECK, sentence, mend))
}
