//! Who may call: Gemini Enterprise has to, and not everybody may whom nobody checks.

use serde_json::Value;

use super::Subject;
use super::finding::Finding;
use super::subject::{roles_of, text};

const INVOKERS: [&str; 4] = [
    "roles/run.invoker",
    "roles/run.servicesInvoker",
    "roles/run.admin",
    "roles/owner",
];
const ANYBODY: [&str; 2] = ["allUsers", "allAuthenticatedUsers"];

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut found = ingress(subject);
    found.extend(invoker(subject));
    found.extend(public_access(subject));
    found
}

/// Whether Cloud Run lets everybody in: by the policy, or since it does not look at it.
fn is_public(subject: &Subject) -> bool {
    is_unchecked(subject)
        || [&subject.policy, &subject.project_policy]
            .into_iter()
            .flatten()
            .any(|policy| {
                ANYBODY
                    .iter()
                    .any(|member| roles_of(policy, member).any(|role| INVOKERS.contains(&role)))
            })
}

fn is_unchecked(subject: &Subject) -> bool {
    subject
        .service
        .get("invokerIamDisabled")
        .and_then(Value::as_bool)
        == Some(true)
}

fn invoker(subject: &Subject) -> Option<Finding> {
    let number = subject
        .gemini_enterprise
        .as_deref()
        .filter(|number| !number.is_empty())?;
    let policy = subject.policy.as_ref()?;
    // Behind another address Gemini Enterprise sends no token that Cloud Run could look at.
    let card = subject.card.as_ref().ok();
    let url = card
        .map(|card| text(card, "/url"))
        .filter(|url| !url.is_empty());
    if is_public(subject) || url.is_some_and(|url| !url.contains(".run.app")) {
        return None;
    }
    let agent =
        format!("serviceAccount:service-{number}@gcp-sa-discoveryengine.iam.gserviceaccount.com");
    let policies = [Some(policy), subject.project_policy.as_ref()];
    let is_let_in = policies
        .into_iter()
        .flatten()
        .any(|policy| roles_of(policy, &agent).any(|role| INVOKERS.contains(&role)));
    if is_let_in {
        return None;
    }
    let Subject {
        name,
        region,
        project,
        ..
    } = subject;
    let sentence =
        format!("Gemini Enterprise may not call the service: {agent} has no roles/run.invoker");
    let mend = format!(
        "gcloud run services add-iam-policy-binding {name} --region={region} --project={project} \
         --member={agent} --role=roles/run.invoker"
    );
    Some(Finding::error("invoker", sentence, mend))
}

fn public_access(subject: &Subject) -> Option<Finding> {
    const CHECK: &str = "public-access";
    let Subject {
        name,
        region,
        project,
        ..
    } = subject;
    let modes = subject.variable("ATTACHE_AUTH").unwrap_or_default();
    let has = |mode: &str| modes.split(',').any(|one| one.trim() == mode);
    let keep_out = if is_unchecked(subject) {
        subject.update("--invoker-iam-check")
    } else {
        format!(
            "gcloud run services remove-iam-policy-binding {name} --region={region} --project={project} \
             --member=allUsers --role=roles/run.invoker"
        )
    };
    let iap = subject.service.get("iapEnabled").and_then(Value::as_bool) == Some(true);
    if has("iap") && !iap {
        // The flag is in gcloud's beta commands only.
        let mend = subject
            .update("--iap")
            .replacen("gcloud run", "gcloud beta run", 1);
        let sentence =
            "the agent relies on Identity-Aware Proxy, which is not in front of the service";
        return Some(Finding::error(CHECK, sentence, mend));
    }
    if iap || !is_public(subject) {
        return None;
    }
    if has("cloud-run-iam") {
        let sentence = "the agent relies on Cloud Run's check of callers (cloud-run-iam), and Cloud Run lets \
                        everybody in unchecked";
        return Some(Finding::error(CHECK, sentence, keep_out));
    }
    if !subject.is_attache() {
        let sentence = "everybody may call the service: only the agent itself can keep anybody out";
        return Some(Finding::warning(CHECK, sentence, keep_out));
    }
    if modes.is_empty() || has("none") {
        let sentence =
            "everybody may call the agent: neither Cloud Run nor ATTACHE_AUTH asks who it is";
        return Some(Finding::error(CHECK, sentence, keep_out));
    }
    None
}

fn ingress(subject: &Subject) -> Vec<Finding> {
    let ingress = subject.text("/ingress");
    if subject.gemini_enterprise.is_none()
        || matches!(
            ingress,
            "" | "INGRESS_TRAFFIC_UNSPECIFIED" | "INGRESS_TRAFFIC_ALL"
        )
    {
        return Vec::new();
    }
    let card = subject.card.as_ref().ok();
    let url = card.map(|card| text(card, "/url")).unwrap_or_default();
    let is_behind = ingress == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
        && !url.is_empty()
        && !url.contains(".run.app");
    if is_behind {
        return Vec::new();
    }
    let sentence =
        format!("ingress is {ingress}, and Gemini Enterprise calls from the public internet");
    vec![Finding::error(
        "ingress",
        sentence,
        subject.update("--ingress=all"),
    )]
}
