//! What to do about a refusal. `cli/tests/google/refusals` has an example of each.

use super::error::Refusal;

/// The first that fits.
pub(super) fn of(refusal: &Refusal) -> Option<String> {
    by_reason(refusal)
        .or_else(|| by_message(refusal))
        .or_else(|| by_status(refusal))
}

fn by_reason(refusal: &Refusal) -> Option<String> {
    let project = refusal.project.as_deref().unwrap_or("PROJECT");
    Some(match refusal.reason.as_deref()? {
        "SERVICE_DISABLED" => enable(refusal, project),
        "USER_PROJECT_DENIED" => format!(
            "You may not have calls counted for project {project}: name another with --billing-project, or \
             have roles/serviceusage.serviceUsageConsumer granted to you there."
        ),
        "BILLING_DISABLED" => format!(
            "Link a billing account: gcloud billing projects link {project} --billing-account=ACCOUNT"
        ),
        "CONSUMER_INVALID" => {
            format!("Project {project} is none, or is being deleted; name another with --project.")
        }
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => {
            "The access token is not for this: it needs the scope \
             https://www.googleapis.com/auth/cloud-platform. Get one with gcloud auth login."
                .to_owned()
        }
        "ACCESS_TOKEN_EXPIRED" | "ACCESS_TOKEN_TYPE_UNSUPPORTED" | "CREDENTIALS_MISSING" => {
            log_in()
        }
        "IAM_PERMISSION_DENIED" => permission(refusal, refusal.about("permission")?),
        "RATE_LIMIT_EXCEEDED" => later(),
        _ => return None,
    })
}

/// What only the text tells apart.
fn by_message(refusal: &Refusal) -> Option<String> {
    let project = refusal.project.as_deref().unwrap_or("PROJECT");
    let says = |text: &str| refusal.message.contains(text);
    let is_missing = refusal.status == "NOT_FOUND";
    Some(
        if says("active Gemini Enterprise license is not available") {
            "A licence counts in its own location only: in Gemini Enterprise > Manage subscriptions, assign \
         one to yourself in the location of the app, or give the app's own location with --location."
            .to_owned()
        } else if says("Incorrect API endpoint used") {
            "The app is in another location than --location says: try global, us and eu. The app, its \
         authorizations and its licence are all in the same one."
            .to_owned()
        } else if says("API has not been used") || says("it is disabled") {
            enable(refusal, project)
        } else if says("TenantProject with location") {
            "Discovery Engine was never set up in this project and location: open \
         https://console.cloud.google.com/gemini-enterprise once, accept the terms, and create an app."
            .to_owned()
        } else if is_missing && says("default_assistant") && !says("/agents/") {
            "The app has no assistant: it was made without appType APP_TYPE_INTRANET, which cannot be changed. \
         Create a new app in Gemini Enterprise, and name that one with --app."
            .to_owned()
        } else if is_missing
            && refusal.api == "discoveryengine"
            && refusal.call.contains("/engines/")
        {
            "Look at what there is: attache gemini-enterprise apps, and attache gemini-enterprise list."
            .to_owned()
        } else if says("permissions might take a few minutes to propagate") {
            "Roles that were just granted take some minutes: run the command again.".to_owned()
        } else if says("must have permission to read the image")
            || says("artifactregistry.repositories.downloadArtifacts")
        {
            format!(
                "Let Cloud Run's service agent read the image: gcloud projects add-iam-policy-binding {project} \
             --member=serviceAccount:service-PROJECT_NUMBER@serverless-robot-prod.iam.gserviceaccount.com \
             --role=roles/artifactregistry.reader"
            )
        } else if says("do not belong to a permitted customer")
            || says("allowedPolicyMemberDomains")
        {
            "An organisation policy forbids allUsers: keep the service private and grant the callers \
         roles/run.invoker, or deploy with --no-invoker-iam-check and let the agent check callers."
            .to_owned()
        } else if says("iam.serviceaccounts.actAs") || says("iam.serviceAccounts.actAs") {
            permission(refusal, "iam.serviceAccounts.actAs")
        } else if refusal.status == "PERMISSION_DENIED" {
            permission(refusal, named_permission(&refusal.message)?)
        } else {
            return None;
        },
    )
}

fn by_status(refusal: &Refusal) -> Option<String> {
    let project = refusal.project.as_deref().unwrap_or("PROJECT");
    Some(match refusal.status.as_str() {
        "UNAUTHENTICATED" => log_in(),
        // Google does not say whether what one may not see is there.
        "PERMISSION_DENIED" if refusal.call.starts_with("DELETE") => format!(
            "Either there is none of that name, or you may not delete it: you need {}.",
            role(refusal.api)
        ),
        "PERMISSION_DENIED" => format!(
            "You need {} in project {project}, or another role that permits it: gcloud projects \
             add-iam-policy-binding {project} --member=user:YOU --role={}",
            role(refusal.api),
            role(refusal.api)
        ),
        "NOT_FOUND" => {
            "Look at the names, the project and the location: there is none like it.".to_owned()
        }
        "ALREADY_EXISTS" => "Take another name, or update the one that is there.".to_owned(),
        "ABORTED" => "Somebody else changed it at the same time: run the command again.".to_owned(),
        "RESOURCE_EXHAUSTED" => later(),
        "UNAVAILABLE" | "INTERNAL" | "DEADLINE_EXCEEDED" | "UNKNOWN" => {
            "Google could not answer: run the command again; https://status.cloud.google.com says \
             whether it is known."
                .to_owned()
        }
        _ => return None,
    })
}

fn enable(refusal: &Refusal, project: &str) -> String {
    let service = refusal
        .about("service")
        .map_or_else(|| format!("{}.googleapis.com", refusal.api), str::to_owned);
    let consumer = refusal
        .about("consumer")
        .and_then(|c| c.strip_prefix("projects/"));
    format!(
        "Enable it, and wait some minutes: gcloud services enable {service} --project={}. If that is not \
         your project, name yours with --billing-project.",
        consumer.unwrap_or(project)
    )
}

fn permission(refusal: &Refusal, permission: &str) -> String {
    let project = refusal.project.as_deref().unwrap_or("PROJECT");
    let role = match permission {
        "iam.serviceAccounts.actAs" => "roles/iam.serviceAccountUser",
        "resourcemanager.projects.setIamPolicy" => "roles/resourcemanager.projectIamAdmin",
        "serviceusage.services.use" => "roles/serviceusage.serviceUsageConsumer",
        _ => role(permission.split('.').next().unwrap_or_default()),
    };
    format!(
        "You lack {permission}: gcloud projects add-iam-policy-binding {project} --member=user:YOU \
         --role={role}"
    )
}

/// The role that permits everything of an API that `attache` does.
fn role(api: &str) -> &'static str {
    match api {
        "alloydb" => "roles/alloydb.admin",
        "artifactregistry" => "roles/artifactregistry.admin",
        "cloudtasks" => "roles/cloudtasks.admin",
        "discoveryengine" => "roles/discoveryengine.agentspaceAdmin",
        "iam" => "roles/iam.serviceAccountAdmin",
        "iamcredentials" => "roles/iam.serviceAccountTokenCreator",
        "resourcemanager" | "cloudresourcemanager" => "roles/resourcemanager.projectIamAdmin",
        "run" => "roles/run.admin",
        "secretmanager" => "roles/secretmanager.admin",
        "serviceusage" => "roles/serviceusage.serviceUsageAdmin",
        _ => "roles/owner",
    }
}

/// `run.services.get` of "Permission 'run.services.get' denied on resource ...".
fn named_permission(message: &str) -> Option<&str> {
    let quoted = message.split(['\'', '"', '`']).skip(1).step_by(2);
    let mut names = quoted.filter(|word| {
        word.split('.').count() >= 3 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
    });
    names.next()
}

fn log_in() -> String {
    "Log in with gcloud auth login, or give an access token with --access-token-file.".to_owned()
}

fn later() -> String {
    "The quota is used up: wait a minute and run the command again, or ask for more at \
     https://console.cloud.google.com/iam-admin/quotas."
        .to_owned()
}
