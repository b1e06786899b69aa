//! As whom the service runs, and what that account may do.

use super::Subject;
use super::finding::Finding;
use super::subject::roles_of;

const CHECK: &str = "service-account";
/// Whoever has these may do nearly everything.
const WIDE: [&str; 2] = ["roles/owner", "roles/editor"];

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    let Subject { name, project, .. } = subject;
    let account = subject.account();
    if account.ends_with("-compute@developer.gserviceaccount.com") {
        let sentence =
            format!("the service runs as the default account {account}, which others share");
        // Names of accounts have 30 letters at most.
        let own: String = name.chars().take(30).collect();
        let mend = format!(
            "gcloud iam service-accounts create {own} --project={project} && {}",
            subject.update(&format!(
                "--service-account={own}@{project}.iam.gserviceaccount.com"
            ))
        );
        found.push(Finding::warning(CHECK, sentence, mend));
    }
    let member = format!("serviceAccount:{account}");
    let policy = subject.project_policy.iter();
    for role in policy.flat_map(|policy| roles_of(policy, &member)) {
        let remove = format!(
            "gcloud projects remove-iam-policy-binding {project} --member={member} --role={role}"
        );
        if WIDE.contains(&role) {
            let sentence = format!(
                "{account} has {role} in the whole project: so has whoever takes over the agent"
            );
            found.push(Finding::error(CHECK, sentence, remove));
        } else if role.to_ascii_lowercase().ends_with("admin") {
            let sentence = format!("{account} has {role}, and an agent administers nothing");
            found.push(Finding::warning(CHECK, sentence, remove));
        }
    }
    let is_true = |name: &str| {
        subject
            .variable(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    };
    let asks_vertex = is_true("GOOGLE_GENAI_USE_ENTERPRISE")
        || is_true("GOOGLE_GENAI_USE_VERTEXAI")
        || subject
            .variable("ATTACHE_MODEL")
            .is_some_and(|model| model.starts_with("vertex"));
    let may = [
        "roles/aiplatform.user",
        "roles/aiplatform.admin",
        "roles/owner",
        "roles/editor",
    ];
    if asks_vertex && !subject.account_has(&may) {
        let sentence = format!("{account} may not ask Vertex AI, whose model the agent uses");
        found.push(Finding::error(
            CHECK,
            sentence,
            subject.grant("roles/aiplatform.user"),
        ));
    }
    found
}
