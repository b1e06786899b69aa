//! Tokens of Google's identity service, for calls that are made in the deployment's name.
//!
//! Who that is follows the order of Google's own libraries ("application default credentials"): the
//! file that `GOOGLE_APPLICATION_CREDENTIALS` names, the file that `gcloud auth application-default
//! login` writes, the metadata server ([`adc`]). A file that is named and cannot be used is an error,
//! never a reason to be somebody else.
//!
//! Tokens are kept until shortly before they end and asked for once, however many need them
//! ([`token_cache`]). They are in no error and no `Debug` text.
//!
//! Lifetimes: [`Google`] once per process.

mod account;
mod adc;
mod client;
mod endpoint;
mod impersonated;
mod source;
mod token_cache;
mod user;

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::config::Environment;
use crate::metadata::{Metadata, MetadataError};
use crate::outbound::Network;

use client::Client;
use source::Source;
use token_cache::{Token, TokenCache, Wanted};

/// What a token is for when nobody says it.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Where tokens come from, and those that are valid. Cheap to clone.
#[derive(Clone)]
pub struct Google(Arc<Inner>);

struct Inner {
    /// Or why there is none.
    source: Result<Source, String>,
    metadata: Metadata,
    client: Client,
    tokens: TokenCache,
}

/// Why there is no token. Its text holds none.
#[derive(Debug, Clone, Error)]
pub enum TokenError {
    /// The metadata server did not give one.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Nor did whoever else was asked.
    #[error("{0}")]
    Refused(String),
}

impl Google {
    /// Finds out who this process is, without asking anybody: files are read, and nothing is sent.
    pub fn find(environment: &Environment, metadata: Metadata, network: Network) -> Self {
        Self::new(adc::find(environment), metadata, network)
    }

    fn new(source: Result<Source, String>, metadata: Metadata, network: Network) -> Self {
        Self(Arc::new(Inner {
            source,
            metadata,
            client: Client::new(network),
            tokens: TokenCache::default(),
        }))
    }

    /// The metadata server.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Whether tokens can be had at all, as far as that can be said without asking for one.
    ///
    /// # Errors
    /// A clause that says which file is wrong and what is right.
    pub fn usable(&self) -> Result<(), &str> {
        self.0.source.as_ref().map(drop).map_err(String::as_str)
    }

    /// The project that pays for what a person's credentials open, when their file names it.
    pub(crate) fn quota_project(&self) -> Option<&str> {
        self.0.source.as_ref().ok()?.quota_project()
    }

    /// An access token for these scopes; for all that the account may use when there are none.
    ///
    /// # Errors
    /// [`TokenError`], after a few seconds at the latest.
    pub async fn access_token(&self, scopes: &[String]) -> Result<String, TokenError> {
        // That one is kept by the metadata client, for all who need it.
        if let (Ok(Source::Metadata), []) = (&self.0.source, scopes) {
            return Ok(self.0.metadata.access_token().await?);
        }
        self.token(Wanted::Access(scopes.to_vec())).await
    }

    /// A token that shows to `audience` as whom this process runs.
    ///
    /// # Errors
    /// [`TokenError`], after a few seconds at the latest.
    pub async fn id_token(&self, audience: &str) -> Result<String, TokenError> {
        self.token(Wanted::Id(audience.to_owned())).await
    }

    async fn token(&self, wanted: Wanted) -> Result<String, TokenError> {
        let (google, asked_for) = (self.clone(), wanted.clone());
        let fetch = move || async move { google.fetch(&asked_for).await };
        self.0.tokens.get(wanted, fetch).await
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<Token, TokenError> {
        let Inner {
            source,
            metadata,
            client,
            ..
        } = &*self.0;
        match source {
            Ok(source) => source.fetch(wanted, metadata, client).await,
            Err(why) => Err(TokenError::Refused(why.clone())),
        }
    }
}

/// The metadata server of Google Cloud, under its usual name.
impl Default for Google {
    fn default() -> Self {
        let metadata = Metadata::new(crate::metadata::USUAL_HOST);
        Self::new(Ok(Source::Metadata), metadata, Network::default())
    }
}

/// Without tokens and keys.
impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Google").field(&self.0.source).finish()
    }
}

#[cfg(test)]
mod tests;
