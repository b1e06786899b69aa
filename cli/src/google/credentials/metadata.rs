//! The metadata server of a machine at Google.

use std::time::Duration;

use super::token::Token;
use crate::google::client::innermost;
use crate::google::resource_id;

const ACCOUNT: &str = "instance/service-accounts/default";
/// Elsewhere the name does not resolve, which can take long to find out.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(super) async fn access_token(http: &reqwest::Client) -> Result<Token, String> {
    let answer = get(http, &format!("{ACCOUNT}/token"), &[]).await?;
    let answer = serde_json::from_str(&answer).map_err(|_| "its answer is no JSON".to_owned())?;
    Token::of_answer(&answer, "access_token", "the metadata server").map_err(|why| why.to_string())
}

pub(super) async fn id_token(http: &reqwest::Client, audience: &str) -> Result<Token, String> {
    let query = [("audience", audience), ("format", "full")];
    let answer = get(http, &format!("{ACCOUNT}/identity"), &query).await?;
    Token::parse(&answer, "the answer of the metadata server").map_err(|why| why.to_string())
}

pub(super) async fn project(http: &reqwest::Client) -> Option<String> {
    let answer = get(http, "project/project-id", &[]).await.ok()?;
    resource_id(answer.trim()).ok()
}

async fn get(http: &reqwest::Client, path: &str, query: &[(&str, &str)]) -> Result<String, String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let host = variable("GCE_METADATA_HOST");
    if host.is_none() && variable("NO_GCE_CHECK").is_some_and(|value| value == "true") {
        return Err("NO_GCE_CHECK is set".to_owned());
    }
    let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
    let request = http
        .get(format!("http://{host}/computeMetadata/v1/{path}"))
        .query(query)
        .header("Metadata-Flavor", "Google")
        .timeout(TIMEOUT);
    let answer = request.send().await.map_err(|why| innermost(&why))?;
    let flavor = answer.headers().get("metadata-flavor");
    if flavor.is_none_or(|flavor| flavor != "Google") {
        return Err(format!("what answers at {host} is none"));
    }
    if !answer.status().is_success() {
        return Err(format!(
            "it answers {path} with HTTP status {}",
            answer.status()
        ));
    }
    answer.text().await.map_err(|why| innermost(&why))
}
