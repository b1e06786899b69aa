//! A role, granted by reading the policy, adding to it, and writing it back.

use serde_json::json;

use super::{Action, Outcome};
use crate::deploy::Deployment;
use crate::deploy::apply::Work;
use crate::deploy::grant::Grant;
use crate::deploy::plan::Step;
use crate::failure::{Exit, Failure};
use crate::google::Error;

/// How often somebody else may be faster.
const ATTEMPTS: u32 = 6;

pub(in crate::deploy) fn grant(deployment: &Deployment, grant: Grant) -> Step {
    let policy = json!({
        "bindings": [{"role": grant.role, "members": [grant.member]}],
        "etag": "as read",
        "version": 3,
    });
    Step {
        what: format!("grant {} on {}", grant.role, grant.shown(deployment)),
        why: format!("{}: {}", grant.member, grant.why),
        lines: vec![grant.line(deployment)],
        calls: vec![grant.get(deployment), grant.set(deployment, policy)],
        check: "the policy has the member".to_owned(),
        action: Action::Grant(grant),
    }
}

pub(super) async fn apply(work: &Work<'_>, grant: &Grant) -> Result<Outcome, Failure> {
    for attempt in 1.. {
        let policy = work.call(&grant.get(work.deployment)).await?;
        let is_conditional = policy.get("version").and_then(serde_json::Value::as_u64) == Some(3);
        let Some(mut policy) = grant.added_to(policy) else {
            return Ok(Outcome::Unchanged);
        };
        // A policy with conditions is refused as one without.
        if let (true, Some(fields)) = (is_conditional, policy.as_object_mut()) {
            fields.insert("version".to_owned(), json!(3));
        }
        match work.try_call(&grant.set(work.deployment, policy)).await {
            Ok(_) => return Ok(Outcome::Changed),
            Err(why) if why.is("ABORTED") && attempt < ATTEMPTS => work.pause(attempt).await,
            Err(why) => return Err(explained(why, grant)),
        }
    }
    Err(Failure::new(Exit::Software, "no attempt was made"))
}

/// Agents of Google's services are made when a service is first used, or when one asks for them.
fn explained(why: Error, grant: &Grant) -> Failure {
    let is_missing = why
        .refusal()
        .is_some_and(|refusal| refusal.message.contains("does not exist"));
    let number = grant
        .member
        .strip_prefix("serviceAccount:service-")
        .and_then(|rest| rest.strip_suffix("@gcp-sa-discoveryengine.iam.gserviceaccount.com"));
    let failure = Failure::from(why);
    match number.filter(|_| is_missing) {
        Some(number) => failure.remedy(format!(
            "Have Gemini Enterprise's service agent made, and run the command again: gcloud beta \
             services identity create --service=discoveryengine.googleapis.com --project={number}"
        )),
        None if is_missing => failure.remedy(format!(
            "There is no {}: correct it in the manifest, or create it.",
            grant.member
        )),
        None => failure,
    }
}
