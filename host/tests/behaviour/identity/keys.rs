//! The keys of an issuer: when they change, and when nobody answers for them.

use std::time::Duration;

use serde_json::json;

use super::{caller, message, with_token};
use crate::client::until;
use crate::issuer::{Issuer, Key, now};
use crate::process::Host;

fn claims() -> serde_json::Value {
    json!({"iss": "https://issuer.example", "sub": "me", "aud": "agent", "exp": now() + 600})
}

fn host(keys: &str) -> Host {
    Host::start_with(
        &[],
        &[
            ("ATTACHE_AUTH", "oidc"),
            ("ATTACHE_OIDC_ISSUER", "https://issuer.example"),
            ("ATTACHE_OIDC_AUDIENCE", "agent"),
            ("ATTACHE_OIDC_JWKS_URL", keys),
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_found_and_the_old_one_is_forgotten() {
    let issuer = Issuer::start().await;
    let (old, new) = (Key::p256("old"), Key::ed25519("new"));
    issuer.publish(&[&old]);
    let host = host(&issuer.url("/keys"));
    let (of_old, of_new) = (old.token("ES256", &claims()), new.token("EdDSA", &claims()));
    caller(&host, &of_old).await;

    issuer.publish(&[&new]);
    caller(&host, &of_new).await;
    let refused = with_token(&host, "/caller", &of_old).await;
    assert_eq!(refused.status, 401);
    assert!(message(&refused).contains("key that signed the token is not known"));
    // Once at the start, once for the new key; for the old one it is too early to ask again.
    assert_eq!(issuer.asked_for("/keys"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_is_asked_once_for_all_who_wait() {
    let issuer = Issuer::start().await;
    let key = Key::p256("key");
    issuer.publish(&[&key]);
    let host = host(&issuer.url("/keys"));
    let token = key.token("ES256", &claims());
    let callers: Vec<_> = (0..20).map(|_| caller(&host, &token)).collect();
    futures_util::future::join_all(callers).await;
    assert_eq!(issuer.asked_for("/keys"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_may_be_away_at_the_start_and_later() {
    let address = Issuer::start().await.stop();
    let host = host(&format!("http://{address}/keys"));
    let key = Key::p256("key");
    let token = key.token("ES256", &claims());
    let answer = with_token(&host, "/caller", &token).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "5");
    assert!(
        message(&answer).contains("issuer does not answer"),
        "{answer:?}"
    );
    host.log_with("cannot be fetched");
    // What is wrong without any key is said all the same.
    let expired = json!({"iss": "https://issuer.example", "sub": "me", "aud": "agent", "exp": 1});
    let expired = with_token(&host, "/caller", &key.token("ES256", &expired)).await;
    assert_eq!(expired.status, 401);

    let issuer = Issuer::start_on(address).await;
    issuer.publish(&[&key]);
    let ask = || async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        with_token(&host, "/caller", &token).await.status
    };
    until(ask, |status| *status == 200).await;

    issuer.stop();
    assert!(caller(&host, &token).await.contains("subject=me"));
    let stranger = Key::p256("stranger").token("ES256", &claims());
    let refused = with_token(&host, "/caller", &stranger).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert!(caller(&host, &token).await.contains("subject=me"));
}
