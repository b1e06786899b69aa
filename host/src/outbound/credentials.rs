use std::collections::BTreeSet;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

use super::destination::{Destination, Host};
use super::headers::strip_identity;
use super::{HeaderSecret, OriginPattern};
use crate::google::{Google, TokenError};

/// Who pays for a request to Google that a person's credentials open.
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// What is added to requests for some origins.
#[derive(Debug, Clone)]
pub struct CredentialRule {
    /// The origins.
    pub origin: OriginPattern,
    /// What is added.
    pub kind: CredentialKind,
}

impl CredentialRule {
    /// Whether it is for this origin.
    pub fn is_for(&self, origin: &str) -> bool {
        let url = format!("{origin}/").parse().ok();
        let destination = url.and_then(|url| Destination::of(&url).ok());
        destination.is_some_and(|destination| self.origin.fits(&destination))
    }
}

/// A kind of credential.
#[derive(Debug, Clone)]
pub enum CredentialKind {
    /// `Authorization` with an access token for Google's services; without scopes, for all of them
    /// that the account may use.
    GoogleAccessToken {
        /// What the token is for, as URLs.
        scopes: Vec<String>,
    },
    /// `Authorization` with a token that shows who this service is, as services on Cloud Run want it.
    GoogleIdToken {
        /// Whom it is shown to; none is the origin.
        audience: Option<String>,
    },
    /// A header with a secret.
    Header {
        /// The header.
        name: HeaderName,
        /// The secret.
        secret: HeaderSecret,
    },
    /// `Authorization` with the token that the caller of the agent sent.
    Caller,
}

impl CredentialKind {
    /// The header that it is sent in.
    pub fn header(&self) -> &HeaderName {
        match self {
            Self::Header { name, .. } => name,
            Self::GoogleAccessToken { .. } | Self::GoogleIdToken { .. } | Self::Caller => {
                &AUTHORIZATION
            }
        }
    }
}

/// Adds credentials to requests.
#[derive(Debug)]
pub(super) struct Credentials {
    rules: Vec<CredentialRule>,
    google: Google,
}

/// The rule that a deployment may have forgotten, for a host that refused a call without credentials.
pub(super) fn missing_rule(destination: &Destination) -> Option<String> {
    let kind = match &destination.host {
        Host::Name(name) if name.ends_with(".googleapis.com") => "google-access-token",
        Host::Name(name) if name.ends_with(".run.app") => "google-id-token",
        Host::Name(_) | Host::Address(_) => return None,
    };
    let encrypted = destination.is_encrypted();
    encrypted.then(|| format!("{}={kind}", destination.origin()))
}

/// Why a credential cannot be added. The text holds none.
#[derive(Debug, Error)]
pub(super) enum CredentialError {
    #[error(
        "the credential of the caller is to be sent, and whoever called the agent sent none that \
         could be passed on"
    )]
    NoCaller,
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("{0}")]
    Secret(String),
    #[error("the credential cannot be sent in a header")]
    Unfit,
}

impl Credentials {
    pub(super) fn new(rules: Vec<CredentialRule>, google: Google) -> Self {
        Self { rules, google }
    }

    /// Adds what the rules have for `destination`: for each header the first rule that fits. Where
    /// there is one, what the component says about who it is does not leave. Returns whether there is.
    pub(super) async fn add(
        &self,
        headers: &mut HeaderMap,
        destination: &Destination,
        bearer: Option<&str>,
    ) -> Result<bool, CredentialError> {
        let mut added = BTreeSet::new();
        let rules = self.rules.iter();
        for rule in rules.filter(|rule| rule.origin.fits(destination)) {
            let name = rule.kind.header();
            if added.is_empty() {
                strip_identity(headers);
            }
            if !added.insert(name.as_str()) {
                continue;
            }
            let value = self.value(&rule.kind, destination, bearer).await?;
            headers.insert(name.clone(), value);
            if let CredentialKind::GoogleAccessToken { .. } = rule.kind
                && let Some(project) = self.google.quota_project()
            {
                let project = HeaderValue::from_str(project).map_err(|_| CredentialError::Unfit)?;
                headers.insert(QUOTA_PROJECT, project);
            }
        }
        Ok(!added.is_empty())
    }

    async fn value(
        &self,
        kind: &CredentialKind,
        destination: &Destination,
        bearer: Option<&str>,
    ) -> Result<HeaderValue, CredentialError> {
        let token = match kind {
            CredentialKind::Header { secret, .. } => {
                return secret.value().map_err(CredentialError::Secret);
            }
            CredentialKind::Caller => bearer.ok_or(CredentialError::NoCaller)?.to_owned(),
            CredentialKind::GoogleAccessToken { scopes } => {
                self.google.access_token(scopes).await?
            }
            CredentialKind::GoogleIdToken { audience } => {
                let audience = audience.clone().unwrap_or_else(|| destination.origin());
                self.google.id_token(&audience).await?
            }
        };
        let mut value =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| CredentialError::Unfit)?;
        value.set_sensitive(true);
        Ok(value)
    }
}
