//! Whether the revision runs.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::service::get;
use super::{Action, Outcome};
use crate::deploy::Deployment;
use crate::deploy::apply::Work;
use crate::deploy::plan::Step;
use crate::failure::{Exit, Failure};

/// An image is pulled, and a start may take four minutes.
const LIMIT: Duration = Duration::from_secs(10 * 60);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(in crate::deploy) fn ready(deployment: &Deployment) -> Step {
    Step {
        what: "wait for the revision".to_owned(),
        why: "a service that was accepted need not start".to_owned(),
        lines: Vec::new(),
        calls: vec![get(deployment)],
        check: "the condition Ready is True".to_owned(),
        action: Action::Ready,
    }
}

pub(super) async fn apply(work: &Work<'_>) -> Result<Outcome, Failure> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        let found = work.call(&get(work.deployment)).await?;
        let number = |at: &str| found.pointer(at).and_then(Value::as_i64);
        let is_current = match number("/metadata/generation") {
            Some(generation) => number("/status/observedGeneration") == Some(generation),
            None => true,
        };
        let conditions = found
            .pointer("/status/conditions")
            .and_then(Value::as_array);
        let ready = conditions
            .into_iter()
            .flatten()
            .find(|c| word(c, "type") == "Ready");
        match ready.map(|ready| (word(ready, "status"), ready)) {
            Some(("True", _)) if is_current => {
                work.serves_at(found.pointer("/status/url").and_then(Value::as_str));
                return Ok(Outcome::Checked);
            }
            Some(("False", ready)) if is_current => return Err(failed(work, ready)),
            _ if begun.elapsed() > LIMIT => {
                let sentence = format!(
                    "the service {} is not ready after {} minutes",
                    work.deployment.service(),
                    LIMIT.as_secs() / 60
                );
                return Err(Failure::new(Exit::Unavailable, sentence).remedy(logs(work)));
            }
            _ => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn failed(work: &Work<'_>, ready: &Value) -> Failure {
    let deployment = work.deployment;
    let (reason, message) = (word(ready, "reason"), word(ready, "message"));
    let says = |text: &str| message.contains(text);
    let project = &deployment.project;
    let remedy = if says("must have permission to read the image") || says("downloadArtifacts") {
        let number = deployment.number.as_deref().unwrap_or("PROJECT_NUMBER");
        format!(
            "Let Cloud Run's service agent read the image: gcloud projects add-iam-policy-binding {project} \
             --member=serviceAccount:service-{number}@serverless-robot-prod.iam.gserviceaccount.com \
             --role=roles/artifactregistry.reader"
        )
    } else if says("not found") && says("mage") {
        format!(
            "Push the image first, or name one that is there: {} is none.",
            deployment.image
        )
    } else if says("secret") || says("Secret") {
        format!(
            "Run the command again: roles on secrets that were just granted take some minutes. Then look at \
             gcloud secrets list --project={project}"
        )
    } else if says("failed to start and listen on the port") || says("PORT") {
        format!(
            "The host ended at its start, or took longer than four minutes, and said why: {}",
            logs(work)
        )
    } else {
        logs(work)
    };
    let sentence = format!(
        "the revision of {} does not start: {reason}: {message}",
        deployment.service()
    );
    Failure::new(Exit::Data, sentence).remedy(remedy)
}

fn logs(work: &Work<'_>) -> String {
    format!(
        "gcloud run services logs read {} --region={} --project={} --limit=50",
        work.deployment.service(),
        work.deployment.region(),
        work.deployment.project
    )
}
