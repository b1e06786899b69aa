//! Notifications that say who sends them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use serde_json::Value;

use super::client::{Protocol, empty, exchange, get};
use super::process::{Host, guest, run};
use super::receiver::{Receiver, Taken};

const KEYS: &str = "/.well-known/jwks.json";
const URL: (&str, &str) = ("ATTACHE_PUBLIC_URL", "https://agent.example");

fn key() -> String {
    let rng = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let body = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// The header and claims of a token, once its signature was found to hold.
fn verified(token: &str, keys: &Value) -> (Value, Value) {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = input.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
    let key = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .unwrap();
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        point.extend(decoded(key[coordinate].as_str().unwrap()));
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(input.as_bytes(), &decoded(signature))
        .unwrap();
    let claims = serde_json::from_slice(&decoded(claims)).unwrap();
    (header, claims)
}

fn token(taken: &Taken) -> &str {
    taken.headers["x-a2a-notification-jwt"].to_str().unwrap()
}

fn sha256(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_is_signed_with_a_key_that_is_published() {
    let receiver = Receiver::answering(&[500]).await;
    let keys = [key(), key()].concat();
    let host = Host::start_with(
        &["--push-allow-private"],
        &[
            ("ATTACHE_PUSH_KEY", &keys),
            ("ATTACHE_PUSH_KEY_ID", "this-year"),
            URL,
        ],
    );
    let hook = format!("{}?for=me", receiver.hook());
    get(&host, &format!("/runs/begin?id=one&{hook}")).await;
    receiver.first(3).await;

    let answer = get(&host, KEYS).await;
    assert_eq!(answer.headers["content-type"], "application/jwk-set+json");
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    let published: Value = serde_json::from_str(&answer.text).unwrap();
    let names: Vec<&Value> = published["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], "this-year");
    for key in published["keys"].as_array().unwrap() {
        assert_eq!((&key["kty"], &key["use"]), (&"EC".into(), &"sig".into()));
        assert!(key.get("d").is_none());
    }

    let taken = receiver.taken();
    let mut ids = Vec::new();
    for taken in &taken {
        let token = token(taken);
        let authorization = taken.headers["authorization"].to_str().unwrap();
        assert_eq!(authorization, format!("Bearer {token}"));
        let (header, claims) = verified(token, &published);
        assert_eq!(header["alg"], "ES256");
        assert_eq!(header["typ"], "JWT");
        assert_eq!(header["kid"], "this-year");
        assert_eq!(claims["iss"], "https://agent.example");
        let audience = format!("http://{}/secret-path", receiver.address);
        assert_eq!(claims["aud"], audience);
        assert_eq!(claims["taskId"], "one");
        assert_eq!(claims["request_body_sha256"], sha256(&taken.body));
        let time = |claim: &str| claims[claim].as_u64().unwrap();
        assert_eq!(time("exp"), time("iat") + 300);
        ids.push(claims["jti"].as_str().unwrap().to_owned());
    }
    // The same for both attempts at the first event, another for the second.
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_the_client_stay_where_it_looks_for_them() {
    let receiver = Receiver::answering(&[]).await;
    let key = key();
    let host = Host::start_with(
        &["--push-allow-private"],
        &[("ATTACHE_PUSH_KEY", &key), URL],
    );
    let hook = format!("{}&credentials=s3cret", receiver.hook());
    get(&host, &format!("/runs/begin?id=one&{hook}")).await;
    receiver.first(2).await;
    let published = serde_json::from_str(&get(&host, KEYS).await.text).unwrap();
    for taken in receiver.taken() {
        assert_eq!(taken.headers["authorization"], "Bearer s3cret");
        verified(token(&taken), &published);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_set_answers_what_reads_and_nothing_else() {
    let key = key();
    let host = Host::start_with(&[], &[("ATTACHE_PUSH_KEY", &key), URL]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let whole = exchange(&host, protocol, KEYS, Method::GET, empty()).await;
        let head = exchange(&host, protocol, KEYS, Method::HEAD, empty()).await;
        assert_eq!((head.status.as_u16(), &*head.text), (200, ""));
        assert_eq!(head.headers["content-length"], whole.text.len().to_string());
        let post = exchange(&host, protocol, KEYS, Method::POST, empty()).await;
        assert_eq!(post.status, 405);
        assert_eq!(post.headers["allow"], "GET, HEAD");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_nothing_is_signed_and_the_path_is_the_components() {
    let receiver = Receiver::answering(&[]).await;
    let host = Host::start(&["--push-allow-private"]);
    get(&host, &format!("/runs/begin?id=one&{}", receiver.hook())).await;
    receiver.first(2).await;
    for taken in receiver.taken() {
        assert!(!taken.headers.contains_key("authorization"));
        assert!(!taken.headers.contains_key("x-a2a-notification-jwt"));
    }
    let answer = get(&host, KEYS).await;
    assert!(!answer.text.contains("keys"), "{answer:?}");
}

#[test]
fn a_key_that_cannot_be_used_ends_the_start_with_64_and_is_not_repeated() {
    let probe = guest("host-probe");
    let probe = probe.to_str().unwrap();
    let (key, broken) = (key(), "hidden".to_owned());
    let both = [key.as_str(), &key].concat();
    for (environment, sentence) in [
        (
            &[("ATTACHE_PUSH_KEY", &*key)][..],
            "ATTACHE_PUBLIC_URL (--public-url) is not set: a signed notification names the agent",
        ),
        (
            &[("ATTACHE_PUSH_KEY", &*broken), URL],
            "ATTACHE_PUSH_KEY is set: give a private key in PEM",
        ),
        (
            &[("ATTACHE_PUSH_KEY_FILE", "/dev/null/key"), URL],
            "can be read",
        ),
        (&[("ATTACHE_PUSH_KEY", &*both), URL], "need different names"),
        (
            &[
                ("ATTACHE_PUSH_KEY", &*key),
                ("ATTACHE_CARD_KEY", &*key),
                URL,
            ],
            "its key also signs the agent card",
        ),
    ] {
        let output = run(&["serve", probe], environment);
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(sentence), "{said} lacks {sentence}");
        assert!(!said.contains("hidden"), "{said}");
        assert!(!said.contains(key.lines().nth(1).unwrap()), "{said}");
    }
}
