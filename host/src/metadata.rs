//! What the metadata server of Google Cloud tells whoever runs there: the surroundings, the
//! identity that the process runs as, and tokens of it.
//!
//! The access token is kept here and nowhere else, so that all who need it ask once for all of
//! them, and none has to know when it ends ([`access_token`]).
//!
//! Lifetimes: [`Metadata`] once per process.

mod access_token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

use access_token::Kept;

/// Where it is on Google Cloud.
pub(crate) const USUAL_HOST: &str = "metadata.google.internal";

/// The metadata server is on the same machine: later than this it does not answer at all.
const PATIENCE: Duration = Duration::from_secs(1);
/// It asks others for tokens.
const PATIENCE_FOR_TOKENS: Duration = Duration::from_secs(5);
/// Tokens have a few kilobytes at most.
const LONGEST_ANSWER: usize = 64 << 10;

/// The service account that the process runs as.
const EMAIL: &str = "instance/service-accounts/default/email";
const TOKEN: &str = "instance/service-accounts/default/token";
const IDENTITY: &str = "instance/service-accounts/default/identity";

/// The metadata server. Cheap to clone; nothing is asked before it is needed.
#[derive(Clone)]
pub struct Metadata(Arc<Inner>);

struct Inner {
    /// `host[:port]`.
    host: String,
    client: Client<HttpConnector, Empty<Bytes>>,
    access_token: tokio::sync::Mutex<Kept>,
}

/// Why the metadata server did not help. Its text holds no token.
#[derive(Debug, Clone, Error)]
#[error("the metadata server at {host} did not tell {path}: {reason}")]
pub struct MetadataError {
    host: String,
    path: &'static str,
    reason: String,
}

impl Metadata {
    /// The metadata server at `host` (`host[:port]`).
    pub fn new(host: &str) -> Self {
        Self(Arc::new(Inner {
            host: host.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            access_token: tokio::sync::Mutex::default(),
        }))
    }

    /// What it says under `path`, which follows `/computeMetadata/v1/`.
    ///
    /// # Errors
    /// [`MetadataError`], after one second at the latest.
    pub async fn text(&self, path: &'static str) -> Result<String, MetadataError> {
        self.ask(path, "", PATIENCE).await
    }

    /// The e-mail address of the service account that the process runs as.
    ///
    /// # Errors
    /// [`MetadataError`], after one second at the latest.
    pub async fn email(&self) -> Result<String, MetadataError> {
        self.text(EMAIL).await
    }

    /// A new token that shows to the service at `audience` as whom the process runs.
    ///
    /// # Errors
    /// [`MetadataError`], after five seconds at the latest.
    pub async fn identity_token(&self, audience: &str) -> Result<String, MetadataError> {
        let audience = utf8_percent_encode(audience, NON_ALPHANUMERIC);
        let query = format!("?audience={audience}&format=full");
        self.ask(IDENTITY, &query, PATIENCE_FOR_TOKENS).await
    }

    async fn ask(
        &self,
        path: &'static str,
        query: &str,
        patience: Duration,
    ) -> Result<String, MetadataError> {
        let answer = tokio::time::timeout(patience, self.request(path, query)).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {patience:?}")));
        answer.map_err(|reason| self.error(path, reason))
    }

    async fn request(&self, path: &str, query: &str) -> Result<String, String> {
        let url = format!("http://{}/computeMetadata/v1/{path}{query}", self.0.host);
        let request = Request::get(url)
            .header("metadata-flavor", "Google")
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let response = self
            .0
            .client
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
    }

    fn error(&self, path: &'static str, reason: impl Into<String>) -> MetadataError {
        MetadataError {
            host: self.0.host.clone(),
            path,
            reason: reason.into(),
        }
    }
}

/// Without the token.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metadata").field(&self.0.host).finish()
    }
}

#[cfg(test)]
mod tests;
