use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use attache_jws::{KeySet, Verdict};
use http::Uri;
use serde::Deserialize;
use tracing::{info, warn};

use super::fetch::Fetch;
use super::flaw::{Flaw, Unaccepted};
use super::jwt::Jwt;
use crate::config::may_be_asked;

/// How long keys are kept whose issuer does not say.
const KEPT: Duration = Duration::from_secs(300);
const KEPT_AT_LEAST: Duration = Duration::from_secs(60);
const KEPT_AT_MOST: Duration = Duration::from_secs(86_400);
/// An issuer that failed is not asked again before this time. Callers are told to wait as long.
pub(super) const RETRY: Duration = Duration::from_secs(5);
/// Nor before this one, when there are keys from before: callers would wait for nothing.
const RETRY_WITH_KEYS: Duration = Duration::from_secs(60);
/// For a key that is not among the known ones the issuer is asked once in this time: anybody can name
/// one that does not exist.
const FOR_UNKNOWN: Duration = Duration::from_secs(60);

/// Where the keys of an issuer are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// At this URL.
    Url(Uri),
    /// Where the issuer's own description says, which is below this URL.
    Issuer(String),
}

/// The keys of one issuer: fetched when they are needed, kept for as long as the issuer says, and kept
/// beyond that while it cannot be reached. Cheap to clone.
#[derive(Clone)]
pub(super) struct KeyRing(Arc<Inner>);

struct Inner {
    source: KeySource,
    fetch: Fetch,
    current: RwLock<Option<Arc<Current>>>,
    /// Held while the issuer is asked, so that it is asked once for all who wait.
    asked: tokio::sync::Mutex<Asked>,
}

struct Current {
    keys: KeySet,
    fresh_until: Instant,
}

#[derive(Default)]
struct Asked {
    failed: Option<Instant>,
    for_unknown: Option<Instant>,
}

#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl KeyRing {
    pub(super) fn new(source: KeySource, fetch: Fetch) -> Self {
        Self(Arc::new(Inner {
            source,
            fetch,
            current: RwLock::default(),
            asked: tokio::sync::Mutex::default(),
        }))
    }

    /// Fetches the keys before anybody needs them. Failing is only worth a line in the log.
    pub(super) async fn warm(&self) {
        let _ = self.current().await;
    }

    /// Checks the signature of a token.
    pub(super) async fn verify(&self, token: &Jwt<'_>) -> Result<(), Unaccepted> {
        let current = self.current().await.ok_or(Unaccepted::Unavailable)?;
        let signed = token.signed().ok_or(Flaw::Signature)?;
        let mut verdict = current.keys.judge(&signed);
        if verdict == Verdict::UnknownKey
            && let Some(newer) = self.newer_than(current).await
        {
            verdict = newer.keys.judge(&signed);
        }
        match verdict {
            Verdict::Holds => Ok(()),
            Verdict::Broken => Err(Flaw::Signature.into()),
            Verdict::UnknownKey => Err(Flaw::UnknownKey.into()),
        }
    }

    fn kept(&self) -> Option<Arc<Current>> {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fresh(&self) -> Option<Arc<Current>> {
        self.kept()
            .filter(|current| Instant::now() < current.fresh_until)
    }

    /// The keys as they are; the old ones while there are no others, none when there never were any.
    async fn current(&self) -> Option<Arc<Current>> {
        if let Some(fresh) = self.fresh() {
            return Some(fresh);
        }
        let ring = self.clone();
        // On its own, so that a caller who leaves does not take the answer with it.
        let asking = tokio::spawn(async move {
            let mut asked = ring.0.asked.lock().await;
            let wait = ring.kept().map_or(RETRY, |_| RETRY_WITH_KEYS);
            let is_due = asked.failed.is_none_or(|at| at.elapsed() >= wait);
            if is_due && ring.fresh().is_none() {
                ring.ask(&mut asked).await;
            }
            ring.kept()
        });
        asking.await.ok().flatten()
    }

    /// Other keys than `seen`, if there are any and they may be asked for.
    async fn newer_than(&self, seen: Arc<Current>) -> Option<Arc<Current>> {
        let ring = self.clone();
        let asking = tokio::spawn(async move {
            let mut asked = ring.0.asked.lock().await;
            let is_newer = |current: &Arc<Current>| !Arc::ptr_eq(current, &seen);
            if let Some(newer) = ring.kept().filter(is_newer) {
                return Some(newer);
            }
            let recently = |at: Option<Instant>, span| at.is_some_and(|at| at.elapsed() < span);
            if recently(asked.for_unknown, FOR_UNKNOWN) || recently(asked.failed, RETRY) {
                return None;
            }
            asked.for_unknown = Some(Instant::now());
            ring.ask(&mut asked).await;
            ring.kept().filter(is_newer)
        });
        asking.await.ok().flatten()
    }

    async fn ask(&self, asked: &mut Asked) {
        match self.0.fetched().await {
            Ok(current) => {
                if asked.failed.take().is_some() {
                    info!("the keys of {} are there", self.0.name());
                }
                let mut kept = self.0.current.write();
                let kept = kept.as_deref_mut();
                *kept.unwrap_or_else(|poisoned| poisoned.get_mut()) = Some(Arc::new(current));
            }
            Err(why) => {
                asked.failed = Some(Instant::now());
                let meanwhile = match self.kept() {
                    Some(_) => "the ones from before are used",
                    None => {
                        "its tokens cannot be checked before that, and callers are told to wait"
                    }
                };
                warn!(
                    "the keys of {} cannot be fetched ({why}); {meanwhile}",
                    self.0.name()
                );
            }
        }
    }
}

impl Inner {
    fn name(&self) -> String {
        match &self.source {
            KeySource::Url(url) => url.to_string(),
            KeySource::Issuer(issuer) => issuer.clone(),
        }
    }

    async fn fetched(&self) -> Result<Current, String> {
        let url = match &self.source {
            KeySource::Url(url) => url.clone(),
            KeySource::Issuer(issuer) => self.described(issuer).await?,
        };
        let host = url.host().unwrap_or_default();
        let fetched = self.fetch.get(&url, None).await?.found(host)?;
        let keys = KeySet::parse(&fetched.body).map_err(|why| format!("{host}: {why}"))?;
        let kept = fetched.max_age.unwrap_or(KEPT);
        Ok(Current {
            keys,
            fresh_until: Instant::now() + kept.clamp(KEPT_AT_LEAST, KEPT_AT_MOST),
        })
    }

    /// Where the issuer says that its keys are (OpenID Connect Discovery 1.0).
    async fn described(&self, issuer: &str) -> Result<Uri, String> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let url: Uri = url.parse().map_err(|_| "it is not a URL".to_owned())?;
        let host = url.host().unwrap_or_default();
        let fetched = self.fetch.get(&url, None).await?.found(host)?;
        let description: Description = serde_json::from_slice(&fetched.body)
            .map_err(|_| format!("{host}: it has no openid-configuration"))?;
        if description.issuer != issuer {
            return Err(format!(
                "{host}: its openid-configuration is that of {:?}",
                description.issuer
            ));
        }
        let keys: Option<Uri> = description.jwks_uri.parse().ok();
        keys.filter(may_be_asked).ok_or_else(|| {
            format!(
                "{host}: its jwks_uri is {:?}, which is not an https URL",
                description.jwks_uri
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keys_are_kept_beyond_their_time_while_their_issuer_does_not_answer() {
        let nobody = KeySource::Url(Uri::from_static("http://127.0.0.1:1/keys"));
        let ring = KeyRing::new(nobody, Fetch::new(crate::outbound::Network::default()));
        assert!(ring.current().await.is_none());
        *ring.0.current.write().unwrap() = Some(Arc::new(Current {
            keys: KeySet::default(),
            fresh_until: Instant::now(),
        }));
        ring.0.asked.lock().await.failed = None;
        assert!(ring.current().await.is_some());
        assert!(ring.0.asked.lock().await.failed.is_some(), "it was asked");
    }
}
