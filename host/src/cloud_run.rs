//! What a Cloud Run service can find out about itself.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use thiserror::Error;

use crate::config::PublicUrl;

/// The metadata server is on the same machine: later than this it does not answer at all.
const PATIENCE: Duration = Duration::from_secs(1);
const LONGEST_ANSWER: usize = 4 << 10;

/// A service, as the metadata server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The deterministic URL that every service has.
    pub url: PublicUrl,
    /// The id of the project.
    pub project: String,
}

/// Why the metadata server did not help.
#[derive(Debug, Error)]
#[error("the metadata server at {host} did not tell {path}: {reason}")]
pub struct MetadataError {
    host: String,
    path: &'static str,
    reason: String,
}

/// Asks the metadata server at `host` (`host[:port]`) about `service`.
///
/// # Errors
/// [`MetadataError`], after one second at the latest.
pub async fn describe(host: &str, service: &str) -> Result<Description, MetadataError> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (number, region, project) = tokio::try_join!(
        ask(&client, host, "project/numeric-project-id"),
        ask(&client, host, "instance/region"),
        ask(&client, host, "project/project-id"),
    )?;
    // The region comes as projects/NUMBER/regions/REGION.
    let region = region.rsplit('/').next().unwrap_or(&region);
    Ok(Description {
        url: PublicUrl::of_cloud_run(service, &number, region),
        project,
    })
}

async fn ask(
    client: &Client<HttpConnector, Empty<Bytes>>,
    host: &str,
    path: &'static str,
) -> Result<String, MetadataError> {
    let failed = |reason| MetadataError {
        host: host.to_owned(),
        path,
        reason,
    };
    let answer = async {
        let request = Request::get(format!("http://{host}/computeMetadata/v1/{path}"))
            .header("metadata-flavor", "Google")
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let response = client
            .request(request)
            .await
            .map_err(|error| error.to_string())?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answered {}", response.status()));
        }
        let body = Limited::new(response.into_body(), LONGEST_ANSWER)
            .collect()
            .await;
        let bytes = body.map_err(|error| error.to_string())?.to_bytes();
        match String::from_utf8(bytes.into()) {
            Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            _ => Err("its answer is empty or not text".to_owned()),
        }
    };
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(failed),
        Err(_) => Err(failed(format!("no answer within {PATIENCE:?}"))),
    }
}
