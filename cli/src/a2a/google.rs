//! ID tokens of Google, which Cloud Run wants to see of whoever calls a service.

use std::collections::HashMap;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;
use url::Url;

use super::origin::Origin;
use crate::failure::{Exit, Failure};

const METADATA: &str = "GCE_METADATA_HOST";
const USUAL_METADATA: &str = "metadata.google.internal";
const IDENTITY: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";
/// The metadata server is near; gcloud is a slow program.
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_WITH_GCLOUD: Duration = Duration::from_secs(60);

/// A token for each origin, fetched once. They are good for an hour, longer than a command runs.
#[derive(Debug, Default)]
pub(super) struct IdTokens(Mutex<HashMap<Origin, String>>);

impl IdTokens {
    /// A token whose audience is `origin`.
    ///
    /// # Errors
    /// When neither the metadata server nor gcloud gives one.
    pub(super) async fn token(&self, origin: &Origin) -> Result<String, Failure> {
        let mut known = self.0.lock().await;
        if let Some(token) = known.get(origin) {
            return Ok(token.clone());
        }
        let token = match metadata_host() {
            Some(host) => from_metadata(&host, origin).await?,
            None => from_gcloud(origin).await?,
        };
        known.insert(origin.clone(), token.clone());
        Ok(token)
    }
}

/// The variable says where it is; on Cloud Run it is where it always is.
fn metadata_host() -> Option<String> {
    let named = std::env::var(METADATA).ok().filter(|host| !host.is_empty());
    let on_cloud_run = || {
        let is_set = |name| std::env::var_os(name).is_some();
        (is_set("K_SERVICE") || is_set("CLOUD_RUN_JOB")).then(|| USUAL_METADATA.to_owned())
    };
    named.or_else(on_cloud_run)
}

async fn from_metadata(host: &str, origin: &Origin) -> Result<String, Failure> {
    let failed = |why: String| {
        Failure::new(
            Exit::NoPermission,
            format!("the metadata server at {host} gave no ID token for {origin}: {why}"),
        )
        .remedy(format!(
            "check {METADATA}, and that the machine has a service account"
        ))
    };
    let mut url =
        Url::parse(&format!("http://{host}{IDENTITY}")).map_err(|why| failed(why.to_string()))?;
    url.query_pairs_mut()
        .append_pair("audience", &origin.to_string())
        .append_pair("format", "full");
    // Never through a proxy: it would see the token.
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|why| failed(why.to_string()))?;
    let answer = client
        .get(url)
        .header("metadata-flavor", "Google")
        .send()
        .await;
    let answer = answer.map_err(|why| failed(why.without_url().to_string()))?;
    if !answer.status().is_success() {
        return Err(failed(format!("it answered {}", answer.status())));
    }
    let text = answer
        .text()
        .await
        .map_err(|why| failed(why.without_url().to_string()))?;
    token_of(&text).ok_or_else(|| failed("its answer is no token".to_owned()))
}

async fn from_gcloud(origin: &Origin) -> Result<String, Failure> {
    // A service account names the audience. For a person gcloud refuses that, and Cloud Run takes the
    // token that a person has.
    let audience = format!("--audiences={origin}");
    let mut said = String::new();
    for arguments in [&[audience.as_str()][..], &[]] {
        let mut gcloud = Command::new("gcloud");
        gcloud
            .args(["auth", "print-identity-token", "--quiet"])
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE_WITH_GCLOUD, gcloud.output()).await;
        let output = match output {
            Err(_) => {
                return Err(no_token(&format!(
                    "no answer within {PATIENCE_WITH_GCLOUD:?}"
                )));
            }
            Ok(Err(why)) => {
                return Err(Failure::new(
                    Exit::Unavailable,
                    format!("gcloud cannot be run for an ID token: {why}"),
                )
                .remedy(format!(
                    "install the Google Cloud CLI, or set {METADATA} where there is a metadata \
                     server, or put a token into a variable for --bearer-env"
                )));
            }
            Ok(Ok(output)) => output,
        };
        if output.status.success()
            && let Some(token) = token_of(&String::from_utf8_lossy(&output.stdout))
        {
            return Ok(token);
        }
        said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    }
    Err(no_token(&said))
}

fn no_token(said: &str) -> Failure {
    let said: String = said.chars().take(500).collect();
    Failure::new(
        Exit::NoPermission,
        format!("`gcloud auth print-identity-token` gave no token: {said}"),
    )
    .remedy("run `gcloud auth login`, or use a service account")
}

fn token_of(text: &str) -> Option<String> {
    let token = text.trim();
    let is_one = token.split('.').count() == 3 && !token.contains(char::is_whitespace);
    is_one.then(|| token.to_owned())
}
