use std::time::Duration;

use attache_jws::Algorithm;

use super::claims::{Claims, Expected, Known};
use super::config::{IapConfig, IssuerConfig};
use super::fetch::Fetch;
use super::flaw::{Flaw, Unaccepted};
use super::jwt::Jwt;
use super::key_ring::{KeyRing, KeySource};
use super::{GOOGLE, GOOGLE_SHORT};

/// Who signs the assertions of Identity-Aware Proxy.
const IAP: &str = "https://cloud.google.com/iap";

/// One issuer of tokens, and what its tokens have to say.
pub(super) struct Issuer {
    keys: KeyRing,
    expected: Expected,
    /// The only algorithm, where the issuer has one.
    algorithm: Option<Algorithm>,
}

impl Issuer {
    /// An OpenID provider.
    pub(super) fn new(
        config: IssuerConfig,
        audiences: Vec<String>,
        leeway: Duration,
        fetch: Fetch,
    ) -> Self {
        let mut issuers = vec![config.issuer];
        if issuers.iter().any(|issuer| issuer == GOOGLE) {
            issuers.push(GOOGLE_SHORT.to_owned());
        }
        Self {
            keys: KeyRing::new(config.keys, fetch),
            expected: Expected {
                issuers,
                audiences,
                leeway,
                vouches_for_emails: false,
            },
            algorithm: None,
        }
    }

    /// Identity-Aware Proxy.
    pub(super) fn iap(config: IapConfig, leeway: Duration, fetch: Fetch) -> Self {
        Self {
            keys: KeyRing::new(KeySource::Url(config.keys), fetch),
            expected: Expected {
                issuers: vec![IAP.to_owned()],
                audiences: config.audiences,
                leeway,
                vouches_for_emails: true,
            },
            algorithm: Some(Algorithm::Es256),
        }
    }

    pub(super) fn expected(&self) -> &Expected {
        &self.expected
    }

    pub(super) async fn warm(&self) {
        self.keys.warm().await;
    }

    /// Whether a token says that it comes from here.
    pub(super) fn is_named_by(&self, claims: &Claims) -> bool {
        let named = claims.iss.as_ref();
        named.is_some_and(|named| self.expected.issuers.contains(named))
    }

    /// The caller that a token names.
    pub(super) async fn verify(&self, token: Jwt<'_>) -> Result<Known, Unaccepted> {
        if self.algorithm.is_some_and(|only| only != token.algorithm) {
            return Err(Flaw::Algorithm.into());
        }
        if token.signed().is_none() {
            return Err(Flaw::Removed.into());
        }
        // Before the signature, since it is cheaper: what has expired asks no issuer for a key.
        let known = token.claims.clone().check(&self.expected)?;
        self.keys.verify(&token).await?;
        Ok(known)
    }
}
