use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

/// It may ask Google.
const GCLOUD: Duration = Duration::from_secs(30);
/// Where there is one, it is on the same machine.
const METADATA: Duration = Duration::from_secs(2);
const USUAL_HOST: &str = "metadata.google.internal";
const TOKEN: &str = "computeMetadata/v1/instance/service-accounts/default/token";

/// An access token of whom gcloud is logged in as; without gcloud, of the account that a machine of Google
/// Cloud runs as.
pub(super) async fn access_token() -> Option<String> {
    match of_gcloud().await {
        Some(token) => Some(token),
        None => of_metadata_server().await,
    }
}

async fn of_gcloud() -> Option<String> {
    let gcloud = Command::new("gcloud")
        .args(["auth", "print-access-token", "--quiet"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(GCLOUD, gcloud).await.ok()?.ok()?;
    let token = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !token.is_empty()).then_some(token)
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
}

async fn of_metadata_server() -> Option<String> {
    let host = std::env::var("GCE_METADATA_HOST").ok();
    let host = host.filter(|host| !host.is_empty());
    let url = format!("http://{}/{TOKEN}", host.as_deref().unwrap_or(USUAL_HOST));
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(METADATA)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .ok()?;
    let asked = client.get(url).header("metadata-flavor", "Google").send();
    let answer = asked.await.ok()?.error_for_status().ok()?;
    Some(answer.json::<Answer>().await.ok()?.access_token)
}
