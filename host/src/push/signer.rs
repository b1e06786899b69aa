//! Signed notifications: a JSON Web Token for each attempt, and the key set that it is checked with.
//!
//! A token says who sends (`iss`, the agent's public URL), to whom (`aud`, the webhook's URL without
//! query and fragment, which may be secrets), for how long it holds, and of which body
//! (`request_body_sha256`, the digest of the bytes that are posted). `jti` is the same for every
//! attempt at one event: a receiver that remembers what it has taken can drop what comes twice.

use attache_task_store::Delivery;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Uri;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::config::PublicUrl;
use crate::hex::hex;
use attache_jws::SigningKey;

/// How long a token holds, in seconds.
const HOLDS: u64 = 300;

/// The keys for notifications.
#[derive(Debug)]
pub struct PushSigning {
    /// Each with its name. The first signs; the others are published, for receivers that still see
    /// what they signed, or are to know what will sign next.
    pub keys: Vec<(String, SigningKey)>,
}

/// Signs notifications.
#[derive(Debug)]
pub struct NotificationSigner {
    key: SigningKey,
    /// The header, in base64url.
    header: String,
    issuer: String,
    key_set: Bytes,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: String,
    iat: u64,
    exp: u64,
    jti: String,
    #[serde(rename = "taskId")]
    task_id: &'a str,
    request_body_sha256: String,
}

impl NotificationSigner {
    /// Signs in the name of an agent. None without a key.
    pub fn new(signing: PushSigning, issuer: &PublicUrl) -> Option<Self> {
        let keys: Vec<_> = signing
            .keys
            .iter()
            .map(|(id, key)| key.public_jwk(id))
            .collect();
        let (key_id, key) = signing.keys.into_iter().next()?;
        let algorithm = key.algorithm();
        tracing::info!(key_id, algorithm, "notifications are signed");
        let header = json!({"alg": algorithm, "kid": key_id, "typ": "JWT"});
        Some(Self {
            key,
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
            issuer: issuer.to_string(),
            key_set: Bytes::from(json!({ "keys": keys }).to_string()),
        })
    }

    /// The public keys, as a JSON Web Key Set.
    pub fn key_set(&self) -> Bytes {
        self.key_set.clone()
    }

    /// A token for an attempt to post `body`, which tells of the event `number`. `now` is in
    /// milliseconds since the epoch.
    pub(super) fn token(
        &self,
        delivery: &Delivery,
        number: u64,
        body: &[u8],
        now: u64,
    ) -> Result<String, String> {
        let claims = Claims {
            iss: &self.issuer,
            aud: audience(&delivery.config.url),
            iat: now / 1_000,
            exp: now / 1_000 + HOLDS,
            jti: event_id(delivery, number),
            task_id: &delivery.claim.task_id,
            request_body_sha256: hex(&Sha256::digest(body)),
        };
        let failed = |what: &str| format!("the notification could not be signed: {what}");
        let claims = serde_json::to_vec(&claims).map_err(|error| failed(&error.to_string()))?;
        let input = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let signature = self
            .key
            .sign(input.as_bytes())
            .map_err(|_| failed("the machine gives no random numbers"))?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The URL without user, query and fragment.
fn audience(url: &str) -> String {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    let Ok(uri) = url.parse::<Uri>() else {
        return String::new();
    };
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    let path = uri.path();
    match uri.port() {
        Some(port) => format!("{scheme}://{host}:{port}{path}"),
        None => format!("{scheme}://{host}{path}"),
    }
}

/// Names an event of a webhook, and shows nothing of whose task it is. Each part is preceded by its
/// length, so that no two names are made of the same bytes.
fn event_id(delivery: &Delivery, number: u64) -> String {
    let claim = &delivery.claim;
    let mut digest = Sha256::new();
    for part in [
        &claim.scope.tenant,
        &claim.scope.owner,
        &claim.task_id,
        &claim.config_id,
    ] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.update(number.to_be_bytes());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audience_is_the_webhook_without_its_secrets() {
        for (url, expected) in [
            (
                "https://a.example/x/y?token=t#part",
                "https://a.example/x/y",
            ),
            ("https://me:pass@a.example:8443", "https://a.example:8443/"),
            ("http://[::1]:80/", "http://[::1]:80/"),
            ("no URL", ""),
        ] {
            assert_eq!(audience(url), expected);
        }
    }

    #[test]
    fn a_digest_is_written_in_hexadecimal() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
