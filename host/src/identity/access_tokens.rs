use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tracing::warn;

use super::GOOGLE;
use super::claims::{Known, is_true};
use super::config::AccessTokenConfig;
use super::fetch::Fetch;
use super::flaw::{Flaw, Unaccepted};
use crate::bindings::caller::Identity;

/// How long an answer of Google is believed: a token that was revoked counts for so long.
const KEPT: Duration = Duration::from_secs(300);
/// How long it is remembered that a token is wrong.
const KEPT_WRONG: Duration = Duration::from_secs(10);
/// Tokens that are remembered.
const MOST: usize = 10_000;
/// Questions that are under way at the same time.
const LANES: usize = 64;

type Hash = [u8; 32];

/// Opaque access tokens of Google, which only Google can tell about.
pub(super) struct AccessTokens {
    config: AccessTokenConfig,
    fetch: Fetch,
    answers: Mutex<HashMap<Hash, Kept>>,
    /// Each token has one of them, and is asked about once by all who wait in it.
    lanes: Vec<tokio::sync::Mutex<()>>,
}

struct Kept {
    answer: Result<Known, Flaw>,
    until: Instant,
}

/// What tokeninfo says. Numbers come as text.
#[derive(Deserialize)]
struct TokenInfo {
    aud: Option<String>,
    sub: Option<String>,
    scope: Option<String>,
    expires_in: Option<Value>,
    email: Option<String>,
    email_verified: Option<Value>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    hd: Option<String>,
}

impl AccessTokens {
    pub(super) fn new(config: AccessTokenConfig, fetch: Fetch) -> Self {
        Self {
            config,
            fetch,
            answers: Mutex::default(),
            lanes: (0..LANES).map(|_| tokio::sync::Mutex::default()).collect(),
        }
    }

    /// The caller whose token it is.
    pub(super) async fn verify(&self, token: &str) -> Result<Known, Unaccepted> {
        let hash: Hash = Sha256::digest(token).into();
        if let Some(answer) = self.kept(&hash) {
            return Ok(answer?);
        }
        let lane = hash.first().copied().unwrap_or_default();
        let lane = self.lanes.get(usize::from(lane) % LANES);
        let _lane = match lane {
            Some(lane) => Some(lane.lock().await),
            None => None,
        };
        if let Some(answer) = self.kept(&hash) {
            return Ok(answer?);
        }
        let (answer, lasts) = match self.ask(token).await {
            Ok(Ok((known, lasts))) => (Ok(known), lasts.min(KEPT)),
            Ok(Err(flaw)) => (Err(flaw), KEPT_WRONG),
            Err(why) => {
                warn!("an access token cannot be looked up: {why}");
                return Err(Unaccepted::Unavailable);
            }
        };
        self.keep(hash, answer.clone(), lasts);
        Ok(answer?)
    }

    fn kept(&self, hash: &Hash) -> Option<Result<Known, Flaw>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = answers.get(hash)?;
        (Instant::now() < kept.until).then(|| kept.answer.clone())
    }

    fn keep(&self, hash: Hash, answer: Result<Known, Flaw>, lasts: Duration) {
        let now = Instant::now();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.retain(|_, kept| now < kept.until);
        }
        // Wrong ones cost nothing to make: they make room first.
        while answers.len() >= MOST {
            let wrong = answers.iter().find(|(_, kept)| kept.answer.is_err());
            let Some(gone) = wrong
                .or_else(|| answers.iter().next())
                .map(|(hash, _)| *hash)
            else {
                break;
            };
            answers.remove(&gone);
        }
        let until = now + lasts;
        answers.insert(hash, Kept { answer, until });
    }

    /// What Google says of a token; the outer error is that it does not say.
    async fn ask(&self, token: &str) -> Result<Result<(Known, Duration), Flaw>, String> {
        let encoded = utf8_percent_encode(token, NON_ALPHANUMERIC);
        let url = format!("{}?access_token={encoded}", self.config.token_info);
        // What the parser says could show the token.
        let url: Uri = url
            .parse()
            .map_err(|_| "the token is too long".to_owned())?;
        let fetched = self.fetch.get(&url, None).await?;
        if matches!(
            fetched.status,
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED
        ) {
            return Ok(Err(Flaw::Unknown));
        }
        let fetched = fetched.found(url.host().unwrap_or_default())?;
        let info: TokenInfo = serde_json::from_slice(&fetched.body)
            .map_err(|_| "the answer of tokeninfo cannot be read".to_owned())?;
        let lasts = info.expires_in.as_ref().and_then(whole).unwrap_or(0);
        if lasts == 0 {
            return Ok(Err(Flaw::Expired));
        }
        if !info
            .aud
            .is_some_and(|id| self.config.client_ids.contains(&id))
        {
            return Ok(Err(Flaw::Audience));
        }
        let Some(subject) = info.sub.filter(|subject| !subject.is_empty()) else {
            return Ok(Err(Flaw::Nobody));
        };
        let verified = info.email_verified.as_ref().is_some_and(is_true);
        let domain = if self.config.needs_domain {
            self.domain(token, &subject).await?
        } else {
            None
        };
        let scopes = info.scope.unwrap_or_default();
        let known = Known {
            identity: Identity {
                issuer: GOOGLE.to_owned(),
                subject,
                email: info.email.filter(|_| verified),
                scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            },
            domain,
        };
        Ok(Ok((known, Duration::from_secs(lasts))))
    }

    /// The Workspace domain of the account, which tokeninfo does not say.
    async fn domain(&self, token: &str, subject: &str) -> Result<Option<String>, String> {
        let url = &self.config.user_info;
        let fetched = self.fetch.get(url, Some(token)).await?;
        let fetched = fetched.found(url.host().unwrap_or_default())?;
        let info: UserInfo = serde_json::from_slice(&fetched.body)
            .map_err(|_| "the answer of userinfo cannot be read".to_owned())?;
        Ok(info.hd.filter(|_| info.sub == subject))
    }
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
