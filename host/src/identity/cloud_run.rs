use std::time::Duration;

use super::GOOGLE;
use super::claims::{Claims, Known};
use super::config::IssuerConfig;
use super::fetch::Fetch;
use super::flaw::Unaccepted;
use super::issuer::Issuer;
use super::jwt::Jwt;
use super::key_ring::KeySource;

/// Callers whom Cloud Run has checked before the request came here.
///
/// It takes the signature off their tokens, so that what is left can be believed only because nobody
/// else can connect. That is why this mode is never chosen by itself, and only exists on Cloud Run: a
/// service that lets everybody in passes on whatever anybody makes up. A token that still has its
/// signature is checked like any other of Google's.
pub(super) struct CloudRun {
    google: Issuer,
}

impl CloudRun {
    pub(super) fn new(
        keys: KeySource,
        audiences: Vec<String>,
        leeway: Duration,
        fetch: Fetch,
    ) -> Self {
        let config = IssuerConfig {
            issuer: GOOGLE.to_owned(),
            keys,
        };
        Self {
            google: Issuer::new(config, audiences, leeway, fetch),
        }
    }

    /// Whether a token is one for this service, by what it says.
    pub(super) fn is_named_by(&self, claims: &Claims) -> bool {
        self.google.is_named_by(claims) && claims.is_for(&self.google.expected().audiences)
    }

    /// The caller that a token names.
    pub(super) async fn verify(&self, token: Jwt<'_>) -> Result<Known, Unaccepted> {
        if token.signed().is_some() {
            return self.google.verify(token).await;
        }
        Ok(token.claims.check(self.google.expected())?)
    }
}
