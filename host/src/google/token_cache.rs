use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::TokenError;
use super::source::text;

/// A token is not used in its last minute: it has to outlive the call that it goes with.
const MARGIN: Duration = Duration::from_secs(60);
/// So long before its end a new one is asked for, while the old one is still used.
const EARLY: Duration = Duration::from_secs(240);
/// Audiences can be as many as hosts below a domain.
const MOST: usize = 256;

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wanted {
    /// Access, for these scopes; none are all.
    Access(Vec<String>),
    /// Showing who this is to an audience.
    Id(String),
}

/// A token, and when it is to be replaced.
#[derive(Clone)]
pub(super) struct Token {
    value: Arc<str>,
    /// When a new one is asked for.
    stale: Instant,
    /// When it is not used any more.
    ends: Instant,
}

impl Token {
    /// A token that is valid from now on for so long.
    pub(super) fn lasting(value: String, lasts: Duration) -> Self {
        let now = Instant::now();
        // Short ones are replaced in the middle.
        let early = EARLY.min(lasts / 2);
        Self {
            value: value.into(),
            stale: now + lasts.saturating_sub(early),
            ends: now + lasts.saturating_sub(MARGIN),
        }
    }

    /// A token that is valid until this second since the epoch.
    pub(super) fn until(value: String, end: i64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
        let left = u64::try_from(end.saturating_sub(now)).unwrap_or(0);
        // A wrong clock must not make it eternal.
        Self::lasting(value, Duration::from_secs(left.min(86_400)))
    }

    /// A token that is to be replaced at once, and valid for a while.
    #[cfg(test)]
    pub(super) fn stale_now(value: String) -> Self {
        let now = Instant::now();
        Self {
            value: value.into(),
            stale: now,
            ends: now + EARLY,
        }
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }
}

/// The tokens that are valid. Whoever needs one that is not there asks for it, and all others who need
/// the same wait for that answer.
#[derive(Default)]
pub(super) struct TokenCache(Mutex<BTreeMap<Wanted, Arc<Slot>>>);

#[derive(Default)]
struct Slot {
    kept: Mutex<Kept>,
    /// Held by the one who asks.
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Kept {
    token: Option<Token>,
    failed: Option<(TokenError, Instant)>,
}

impl TokenCache {
    pub(super) async fn get<F, T>(&self, wanted: Wanted, fetch: F) -> Result<String, TokenError>
    where
        F: FnOnce() -> T,
        T: Future<Output = Result<Token, TokenError>> + Send + 'static,
    {
        let slot = self.slot(wanted);
        if let Some(token) = slot.usable() {
            if token.stale <= Instant::now()
                && let Ok(asking) = slot.asking.clone().try_lock_owned()
            {
                let (slot, fetched) = (slot.clone(), fetch());
                tokio::spawn(async move {
                    let fetched = fetched.await;
                    slot.put(&fetched);
                    drop(asking);
                });
            }
            return Ok(token.value().to_owned());
        }
        let asked = Instant::now();
        let _asking = slot.asking.lock().await;
        if let Some(answer) = slot.since(asked) {
            return answer;
        }
        let fetched = fetch().await;
        slot.put(&fetched);
        fetched.map(|token| token.value().to_owned())
    }

    fn slot(&self, wanted: Wanted) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST && !slots.contains_key(&wanted) {
            // Those without a valid token first, then all: each costs one more question.
            slots.retain(|_, slot| slot.usable().is_some());
            if slots.len() >= MOST {
                slots.clear();
            }
        }
        slots.entry(wanted).or_default().clone()
    }
}

impl Slot {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self) -> Option<Token> {
        let kept = self.kept();
        let token = kept.token.as_ref();
        token.filter(|token| Instant::now() < token.ends).cloned()
    }

    /// What somebody else got since `asked`. Whoever waited while it failed has that answer, instead of
    /// failing one after the other.
    fn since(&self, asked: Instant) -> Option<Result<String, TokenError>> {
        if let Some(token) = self.usable() {
            return Some(Ok(token.value().to_owned()));
        }
        match &self.kept().failed {
            Some((error, at)) if *at >= asked => Some(Err(error.clone())),
            _ => None,
        }
    }

    fn put(&self, fetched: &Result<Token, TokenError>) {
        let mut kept = self.kept();
        match fetched {
            Ok(token) => kept.token = Some(token.clone()),
            Err(error) => kept.failed = Some((error.clone(), Instant::now())),
        }
    }
}

/// The access token in the answer of an OAuth server.
pub(super) fn access_token(answer: &Value) -> Result<Token, TokenError> {
    match (
        text(answer, "access_token"),
        answer.get("expires_in").and_then(Value::as_u64),
    ) {
        (Some(token), Some(seconds)) => {
            let lasts = Duration::from_secs(seconds.min(86_400));
            Ok(Token::lasting(token.to_owned(), lasts))
        }
        _ => Err(TokenError::Refused(
            "the answer of a token server holds no access token".to_owned(),
        )),
    }
}

/// An identity token, which says itself when it ends. Its signature is the receiver's to check.
pub(super) fn id_token(token: String) -> Result<Token, TokenError> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let claims = token.split('.').nth(1);
    let claims = claims.and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims = claims.and_then(|claims| serde_json::from_slice::<Claims>(&claims).ok());
    match claims {
        Some(Claims { exp }) => Ok(Token::until(token, exp)),
        None => Err(TokenError::Refused(
            "what came for an identity token is none".to_owned(),
        )),
    }
}
