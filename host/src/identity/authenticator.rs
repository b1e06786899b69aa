use std::cell::LazyCell;
use std::sync::Arc;

use http::request::Parts;
use thiserror::Error;
use tracing::debug;

use super::access_tokens::AccessTokens;
use super::api_keys::ApiKeys;
use super::caller::Caller;
use super::card::shown_header;
use super::claims::Known;
use super::cloud_run::CloudRun;
use super::config::AuthConfig;
use super::credentials::Credentials;
use super::denied::{Denial, Denied};
use super::fetch::Fetch;
use super::flaw::{Flaw, Unaccepted};
use super::issuer::Issuer;
use super::jwt::Jwt;
use super::key_ring::{KeySource, RETRY};
use super::public::Public;
use crate::outbound::Network;

/// What a challenge calls all that is protected here.
const REALM: &str = "attache";

/// Finds out who sent a request. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    config: AuthConfig,
    public: Public,
    api_keys: Option<ApiKeys>,
    issuers: Vec<Issuer>,
    iap: Option<Issuer>,
    cloud_run: Option<CloudRun>,
    access_tokens: Option<AccessTokens>,
}

/// Cloud Run's callers cannot be checked, since it is not known whom their tokens have to be for.
#[derive(Debug, Error)]
#[error(
    "callers cannot be known by what Cloud Run checked, because the service's URL could not be found \
     out; set ATTACHE_CLOUD_RUN_AUDIENCE (--cloud-run-audience) to the audience of their tokens"
)]
pub struct NoAudience;

impl Authenticator {
    /// Accepts what `config` says, for an agent at `public_url`. Asks nobody yet.
    ///
    /// # Errors
    /// [`NoAudience`], when neither says whom Cloud Run's tokens have to be for.
    pub fn new(
        config: AuthConfig,
        public_url: Option<&str>,
        network: &Network,
    ) -> Result<Self, NoAudience> {
        let fetch = LazyCell::new(|| Fetch::new(network.clone()));
        let leeway = config.leeway;
        let cloud_run = match config.cloud_run.clone() {
            None => None,
            Some(given) => {
                let audiences = if given.audiences.is_empty() {
                    vec![public_url.and_then(origin).ok_or(NoAudience)?]
                } else {
                    given.audiences
                };
                let keys = KeySource::Url(given.keys);
                Some(CloudRun::new(
                    keys,
                    audiences,
                    leeway,
                    LazyCell::force(&fetch).clone(),
                ))
            }
        };
        let issuers = config.issuers.iter().cloned();
        Ok(Self(Arc::new(Inner {
            public: Public::new(public_url),
            api_keys: config.api_keys.clone().map(ApiKeys::new),
            issuers: issuers
                .map(|issuer| {
                    Issuer::new(
                        issuer,
                        config.audiences.clone(),
                        leeway,
                        LazyCell::force(&fetch).clone(),
                    )
                })
                .collect(),
            iap: config
                .iap
                .clone()
                .map(|iap| Issuer::iap(iap, leeway, LazyCell::force(&fetch).clone())),
            cloud_run,
            access_tokens: config
                .access_tokens
                .clone()
                .map(|tokens| AccessTokens::new(tokens, LazyCell::force(&fetch).clone())),
            config,
        })))
    }

    /// Fetches the keys of issuers, so that no caller waits for them. An issuer that cannot be reached
    /// is no reason not to start: its callers are told to wait until it can.
    pub async fn warm(&self) {
        for issuer in self.0.issuers.iter().chain(&self.0.iap) {
            issuer.warm().await;
        }
    }

    /// Who sent a request, and may. Whatever claims an identity is taken out of its head.
    ///
    /// # Errors
    /// [`Denied`], which says what would be accepted.
    pub async fn admit(&self, head: &mut Parts) -> Result<Caller, Denied> {
        let inner = &self.0;
        let credentials = Credentials::take(&mut head.headers, &inner.config);
        if inner.config.is_open() {
            let bearer = credentials.authorization.and_then(Result::ok);
            return Ok(Caller::default().with_bearer(bearer));
        }
        if inner.public.has(head) {
            return Ok(Caller::default());
        }
        inner.caller(credentials).await.inspect_err(|denied| {
            debug!("a request is refused: {}", denied.message);
        })
    }
}

/// Who a token in `Authorization` speaks for.
enum Named {
    /// Somebody who uses the agent.
    User(Known),
    /// Whoever Cloud Run let in.
    Platform(Known),
    /// It is not the host's to judge.
    Nobody,
}

impl Inner {
    /// Each credential that is there has to be good. When there are several, the one that is nearest to
    /// a person says who calls.
    async fn caller(&self, credentials: Credentials) -> Result<Caller, Denied> {
        let mut by_key = None;
        if let (Some(keys), Some(key)) = (&self.api_keys, credentials.api_key) {
            let known = match key {
                Ok(key) => keys.verify(&key).await,
                Err(_) => Err(Flaw::ApiKey),
            };
            by_key = Some(known.map_err(|flaw| self.unaccepted(flaw.into()))?);
        }
        let mut by_proxy = None;
        if let (Some(iap), Some(assertion)) = (&self.iap, credentials.iap) {
            let known = verify(iap, assertion).await;
            by_proxy = Some(known.map_err(|why| self.unaccepted(why))?);
        }
        let mut by_platform = None;
        let has_platform = self.cloud_run.is_some() && credentials.serverless.is_some();
        if let (Some(cloud_run), Some(token)) = (&self.cloud_run, credentials.serverless) {
            let known = async { cloud_run.verify(Jwt::parse(&token?)?).await }.await;
            by_platform = Some(known.map_err(|why| self.unaccepted(why))?);
        }
        let mut by_token = None;
        let mut bearer = None;
        let authorization = credentials.authorization;
        if !self.config.reads_authorization() {
            bearer = authorization.and_then(Result::ok);
        } else if let Some(token) = authorization {
            let token = token.map_err(|flaw| self.unaccepted(flaw.into()))?;
            let named = self.named_by(&token, has_platform).await;
            match named.map_err(|why| self.unaccepted(why))? {
                Named::User(known) => {
                    self.check_scopes(&known)?;
                    by_token = Some(known);
                    bearer = Some(token);
                }
                Named::Platform(known) => by_platform = Some(known),
                Named::Nobody => bearer = Some(token),
            }
        }
        let listed = by_token.or(by_proxy);
        let known = match (listed, by_key, by_platform) {
            (None, Some(holder), _) => holder,
            (Some(known), _, _) | (None, None, Some(known)) => self.check_list(known)?,
            (None, None, None) => return Err(self.nobody()),
        };
        Ok(Caller::known(known.identity).with_bearer(bearer))
    }

    async fn named_by(&self, token: &str, has_platform: bool) -> Result<Named, Unaccepted> {
        if has_platform && self.issuers.is_empty() && self.access_tokens.is_none() {
            return Ok(Named::Nobody);
        }
        if !Jwt::is_one(token) {
            let tokens = self.access_tokens.as_ref().ok_or(Flaw::Opaque)?;
            return Ok(Named::User(tokens.verify(token).await?));
        }
        let jwt = Jwt::parse(token)?;
        // Cloud Run takes the signature off the one token that it has checked.
        let platform = self.cloud_run.as_ref().filter(|_| !has_platform);
        if let Some(cloud_run) = platform
            && jwt.signed().is_none()
        {
            return Ok(Named::Platform(cloud_run.verify(jwt).await?));
        }
        let mut issuers = self.issuers.iter();
        let issuer = issuers.find(|issuer| issuer.is_named_by(&jwt.claims));
        let is_ours = issuer.is_some() && jwt.claims.is_for(&self.config.audiences);
        match (issuer, platform) {
            (_, Some(cloud_run)) if !is_ours && cloud_run.is_named_by(&jwt.claims) => {
                Ok(Named::Platform(cloud_run.verify(jwt).await?))
            }
            (Some(issuer), _) => Ok(Named::User(issuer.verify(jwt).await?)),
            (None, Some(cloud_run)) if self.issuers.is_empty() => {
                Ok(Named::Platform(cloud_run.verify(jwt).await?))
            }
            (None, None) if self.issuers.is_empty() => Err(Flaw::NotOpaque.into()),
            (None, _) => Err(Flaw::Issuer.into()),
        }
    }

    fn check_scopes(&self, known: &Known) -> Result<(), Denied> {
        let has = |scope: &String| known.identity.scopes.contains(scope);
        if self.config.scopes.iter().all(has) {
            return Ok(());
        }
        let scopes = self.config.scopes.join(" ");
        let message = format!("the token lacks one of the scopes {scopes}");
        Err(Denied {
            denial: Denial::Forbidden,
            challenges: vec![format!(
                "Bearer realm=\"{REALM}\", error=\"insufficient_scope\", \
                 error_description=\"{message}\", scope=\"{scopes}\""
            )],
            message,
        })
    }

    fn check_list(&self, known: Known) -> Result<Known, Denied> {
        if self.config.allow.permits(&known) {
            return Ok(known);
        }
        Err(Denied {
            denial: Denial::Forbidden,
            message: "you are known, and not on the list of callers that this agent is for"
                .to_owned(),
            challenges: Vec::new(),
        })
    }

    /// For a request without any credential: what it could have had, and no error (RFC 6750, 3.1).
    fn nobody(&self) -> Denied {
        let mut wanted = Vec::new();
        if let Some(keys) = &self.config.api_keys {
            wanted.push(format!(
                "an API key in {}",
                shown_header(keys.header.as_str())
            ));
        }
        if self.config.iap.is_some() {
            wanted.push("the assertion of Identity-Aware Proxy".to_owned());
        }
        if self.config.reads_authorization() {
            wanted.push("Authorization: Bearer and a token".to_owned());
        }
        Denied {
            denial: Denial::Unauthenticated,
            message: format!(
                "this agent has to know who calls: send {}; its card says more",
                wanted.join(", or ")
            ),
            challenges: self.challenges(None),
        }
    }

    fn unaccepted(&self, why: Unaccepted) -> Denied {
        match why {
            Unaccepted::Flaw(flaw) => Denied {
                denial: Denial::Unauthenticated,
                message: flaw.to_string(),
                challenges: self.challenges(Some(flaw)),
            },
            Unaccepted::Unavailable => Denied {
                denial: Denial::Unavailable { retry_after: RETRY },
                message:
                    "your token cannot be checked for now, because its issuer does not answer; \
                          try again"
                        .to_owned(),
                challenges: Vec::new(),
            },
        }
    }

    fn challenges(&self, flaw: Option<Flaw>) -> Vec<String> {
        let error = |of: bool| match flaw.filter(|_| of) {
            Some(flaw) => format!(", error=\"invalid_token\", error_description=\"{flaw}\""),
            None => String::new(),
        };
        let of_key = flaw == Some(Flaw::ApiKey);
        let mut challenges = Vec::new();
        if self.config.reads_authorization() || self.config.iap.is_some() {
            let scope = if self.config.scopes.is_empty() {
                String::new()
            } else {
                format!(", scope=\"{}\"", self.config.scopes.join(" "))
            };
            challenges.push(format!("Bearer realm=\"{REALM}\"{}{scope}", error(!of_key)));
        }
        if let Some(keys) = &self.config.api_keys {
            let header = shown_header(keys.header.as_str());
            challenges.push(format!(
                "ApiKey realm=\"{REALM}\", header=\"{header}\"{}",
                error(of_key)
            ));
        }
        challenges
    }
}

async fn verify(issuer: &Issuer, token: Result<String, Flaw>) -> Result<Known, Unaccepted> {
    issuer.verify(Jwt::parse(&token?)?).await
}

/// The scheme and the authority of a URL, which is what Cloud Run's audiences are.
fn origin(url: &str) -> Option<String> {
    let url: http::Uri = url.parse().ok()?;
    Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
}

#[cfg(test)]
mod tests;
