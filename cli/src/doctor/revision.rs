//! Whether what was deployed last is what serves.

use serde_json::Value;

use super::Subject;
use super::finding::Finding;
use super::subject::text;
use crate::google::{Api, Request};

const CHECK: &str = "revision";

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let created = subject.text("/latestCreatedRevision");
    let ready = subject.text("/latestReadyRevision");
    let state = subject.text("/terminalCondition/state");
    if subject.service.get("reconciling").and_then(Value::as_bool) == Some(true) {
        let sentence = "a deployment is under way: what is said here may be over in a minute";
        return vec![Finding::warning(
            CHECK,
            sentence,
            "run attache doctor again",
        )];
    }
    if created == ready && matches!(state, "CONDITION_SUCCEEDED" | "") {
        return Vec::new();
    }
    let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let mut condition = subject
        .service
        .get("terminalCondition")
        .cloned()
        .unwrap_or_default();
    // The revision says it better than the service.
    if created != ready
        && let Ok(Some(revision)) = subject
            .google
            .find(&Request::get(Api::Run, format!("v2/{created}")))
            .await
    {
        let conditions = revision.get("conditions").and_then(Value::as_array);
        let failed = conditions
            .into_iter()
            .flatten()
            .find(|one| text(one, "/state") == "CONDITION_FAILED");
        condition = failed.cloned().unwrap_or(condition);
    }
    let reason = match (
        text(&condition, "/reason"),
        text(&condition, "/revisionReason"),
    ) {
        ("", "") => "no reason is given",
        ("", reason) | (reason, _) => reason,
    };
    let message = text(&condition, "/message");
    let serves = match ready {
        "" => "nothing serves".to_owned(),
        ready if ready == created => "it is the one that serves".to_owned(),
        ready => format!("{} serves on", short(ready)),
    };
    let sentence = format!(
        "revision {} is not ready ({reason}: {message}), and {serves}",
        short(created)
    );
    vec![Finding::error(CHECK, sentence, mend(subject, reason))]
}

fn mend(subject: &Subject, reason: &str) -> String {
    let Subject {
        project, number, ..
    } = subject;
    match reason {
        "SECRETS_ACCESS_CHECK_FAILED" => subject.grant("roles/secretmanager.secretAccessor"),
        "CONTAINER_MISSING" => subject.update("--image=AN_IMAGE_THAT_IS_THERE"),
        "CONTAINER_PERMISSION_DENIED" | "CONTAINER_IMAGE_UNAUTHORIZED" => format!(
            "gcloud projects add-iam-policy-binding {project} \
             --member=serviceAccount:service-{number}@serverless-robot-prod.iam.gserviceaccount.com \
             --role=roles/artifactregistry.reader"
        ),
        "VPC_NETWORK_NOT_FOUND" => subject.update("--network=NETWORK --subnet=SUBNET"),
        _ => format!(
            "gcloud logging read 'resource.type=cloud_run_revision AND resource.labels.service_name={}' \
             --project={project} --limit=50",
            subject.name
        ),
    }
}
