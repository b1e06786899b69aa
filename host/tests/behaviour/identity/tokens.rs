//! The tokens of an issuer: the good ones, and every kind of bad one.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use super::{caller, challenges, get_with, message, with_token};
use crate::client::{Protocol, request, send};
use crate::issuer::{Issuer, Key, now, public_pem, signed_with_public, unsigned};
use crate::process::Host;

struct World {
    issuer: Issuer,
    rsa: Key,
    p256: Key,
    p384: Key,
    ed25519: Key,
    host: Host,
}

async fn world(environment: &[(&str, &str)]) -> World {
    let issuer = Issuer::start().await;
    let (rsa, p256) = (Key::rsa("rsa"), Key::p256("p256"));
    let (p384, ed25519) = (Key::p384("p384"), Key::ed25519("ed25519"));
    issuer.publish(&[&rsa, &p256, &p384, &ed25519]);
    let url = issuer.url("");
    let mut variables = vec![
        ("ATTACHE_AUTH", "oidc"),
        ("ATTACHE_OIDC_ISSUER", url.as_str()),
        ("ATTACHE_OIDC_AUDIENCE", "https://agent.example"),
    ];
    variables.extend(environment);
    let host = Host::start_with(&[], &variables);
    World {
        issuer,
        rsa,
        p256,
        p384,
        ed25519,
        host,
    }
}

impl World {
    /// The claims of a good token, with some of them replaced; null takes one away.
    fn claims(&self, changes: Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer.url(""),
            "sub": "user-1",
            "aud": "https://agent.example",
            "exp": now() + 600,
            "iat": now(),
            "email": "user@example.com",
            "email_verified": true,
            "scope": "read write",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, v| !v.is_null());
        claims
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_of_a_good_token_is_known() {
    let world = world(&[]).await;
    let expected = format!(
        "issuer={} subject=user-1 email=user@example.com scopes=read,write",
        world.issuer.url("")
    );
    let claims = world.claims(json!({}));
    for (key, algorithm) in [
        (&world.rsa, "RS256"),
        (&world.rsa, "RS512"),
        (&world.rsa, "PS256"),
        (&world.p256, "ES256"),
        (&world.p384, "ES384"),
        (&world.ed25519, "EdDSA"),
    ] {
        let token = key.token(algorithm, &claims);
        assert_eq!(caller(&world.host, &token).await, expected, "{algorithm}");
    }
    for changes in [
        json!({"aud": ["other", "https://agent.example"]}),
        // The clocks are apart.
        json!({"exp": now() - 5}),
        json!({"nbf": now() + 5}),
    ] {
        let token = world.rsa.token("RS256", &world.claims(changes.clone()));
        assert_eq!(caller(&world.host, &token).await, expected, "{changes}");
    }
    assert_eq!(world.issuer.asked_for("/keys"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_token_is_refused() {
    let world = world(&[]).await;
    let good = world.claims(json!({}));
    let of = |changes| world.rsa.token("RS256", &world.claims(changes));
    let header = |algorithm: &str| json!({"alg": algorithm, "kid": "rsa"});
    let stranger = Key::p256("stranger");
    let mut corpus = vec![
        ("issuer", of(json!({"iss": "https://other.example"}))),
        (
            "issuer",
            of(json!({"iss": format!("{}/", world.issuer.url(""))})),
        ),
        ("issuer", of(json!({"iss": null}))),
        ("audience", of(json!({"aud": "https://other.example"}))),
        ("audience", of(json!({"aud": "https://agent.example/"}))),
        ("claim aud", of(json!({"aud": null}))),
        ("claim exp", of(json!({"exp": null}))),
        ("claim sub", of(json!({"sub": null}))),
        ("claims", of(json!({"exp": "never"}))),
        ("expired", of(json!({"exp": now() - 60}))),
        ("not valid yet", of(json!({"nbf": now() + 600}))),
        ("longer than", of(json!({"padding": "x".repeat(20_000)}))),
        // No signature, in all the ways to say so.
        (
            "algorithm",
            format!("{}.", unsigned(&header("none"), &good)),
        ),
        (
            "algorithm",
            format!("{}.", unsigned(&header("NoNe"), &good)),
        ),
        (
            "algorithm",
            format!("{}.AAAA", unsigned(&header("none"), &good)),
        ),
        (
            "does not hold",
            format!("{}.", unsigned(&header("RS256"), &good)),
        ),
        (
            "was removed",
            format!(
                "{}.SIGNATURE_REMOVED_BY_GOOGLE",
                unsigned(&header("RS256"), &good)
            ),
        ),
        // The public key taken for a shared one.
        (
            "algorithm",
            signed_with_public(&header("HS256"), &good, public_pem(&world.rsa).as_bytes()),
        ),
        (
            "algorithm",
            signed_with_public(
                &header("HS256"),
                &good,
                world.rsa.jwk()["n"].as_str().unwrap().as_bytes(),
            ),
        ),
        // Another algorithm than the key is for, or than it was signed with.
        (
            "not known",
            world
                .p256
                .token_with(&json!({"alg": "RS256", "kid": "p256"}), &good),
        ),
        (
            "does not hold",
            world
                .rsa
                .token_with(&json!({"alg": "RS384", "kid": "rsa"}), &good),
        ),
        (
            "algorithm",
            world
                .rsa
                .token_with(&json!({"alg": "RS1", "kid": "rsa"}), &good),
        ),
        // Another key than it names, and one that it brings along.
        (
            "does not hold",
            stranger.token_with(&json!({"alg": "ES256", "kid": "p256"}), &good),
        ),
        ("not known", stranger.token("ES256", &good)),
        (
            "not known",
            stranger.token_with(&json!({"alg": "ES256"}), &good),
        ),
        (
            "not known",
            stranger.token_with(
                &json!({"alg": "ES256", "kid": "stranger", "jwk": stranger.jwk()}),
                &good,
            ),
        ),
        (
            "not known",
            stranger.token_with(
                &json!({"alg": "ES256", "kid": "stranger", "jku": world.issuer.url("/jku")}),
                &good,
            ),
        ),
        (
            "extensions",
            world
                .rsa
                .token_with(&json!({"alg": "RS256", "kid": "rsa", "crit": ["x"]}), &good),
        ),
        ("not accepted here", "garbage".to_owned()),
        ("not accepted here", "a.b.c".to_owned()),
        ("not a JSON Web Token", "e30.e30".to_owned()),
        ("header", "e30.e30.e30".to_owned()),
    ];
    // Claims that were changed after they were signed.
    let (signed, signature) = {
        let token = of(json!({}));
        let (_, signature) = token.rsplit_once('.').unwrap();
        let other = unsigned(&header("RS256"), &world.claims(json!({"sub": "admin"})));
        (other, signature.to_owned())
    };
    corpus.push(("does not hold", format!("{signed}.{signature}")));

    for (why, token) in &corpus {
        let answer = with_token(&world.host, "/caller", token).await;
        assert_eq!(answer.status, 401, "{why}: {token}");
        let message = message(&answer);
        assert!(message.contains(why), "{message} is not of {why}: {token}");
        assert_eq!(
            challenges(&answer),
            [format!(
                "Bearer realm=\"attache\", error=\"invalid_token\", error_description=\"{message}\""
            )]
        );
        assert!(answer.text.contains("UNAUTHENTICATED"), "{}", answer.text);
    }
    assert_eq!(world.issuer.asked_for("/jku"), 0);
    // Once at the start, and once for all the keys that nobody knows.
    assert_eq!(world.issuer.asked_for("/keys"), 2);
    let good = world.rsa.token("RS256", &good);
    assert!(caller(&world.host, &good).await.contains("user-1"));
    // No credential of a refused request is in the log.
    let log = format!("{:?}", world.host.entries());
    for (_, token) in corpus.iter().filter(|(_, token)| token.len() > 20) {
        assert!(!log.contains(token.as_str()), "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_the_client_is_told_what_to_bring() {
    let world = world(&[]).await;
    let answer = get_with(&world.host, "/caller", &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(challenges(&answer), [r#"Bearer realm="attache""#]);
    assert!(
        message(&answer).contains("Authorization: Bearer"),
        "{answer:?}"
    );

    let basic = [("authorization", "Basic dXNlcjpwYXNz")];
    assert_eq!(get_with(&world.host, "/caller", &basic).await.status, 401);

    let call = request(&world.host, Protocol::H2c, "/lf.a2a.v1.A2AService/GetTask")
        .method("POST")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(&[0; 5])).boxed())
        .unwrap();
    let answer = send(world.host.address, Protocol::H2c, call).await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "16");
    assert!(answer.headers().contains_key("grpc-message"));
    assert!(answer.headers().contains_key("www-authenticate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_on_the_list_or_lacks_a_scope_may_not_call() {
    let world = world(&[
        (
            "ATTACHE_AUTH_ALLOW",
            "@example.com, other@partner.example, sub:robot",
        ),
        ("ATTACHE_AUTH_SCOPES", "read"),
    ])
    .await;
    for changes in [
        json!({}),
        json!({"email": "other@partner.example"}),
        json!({"email": null, "sub": "robot"}),
    ] {
        let token = world.rsa.token("RS256", &world.claims(changes.clone()));
        assert!(!caller(&world.host, &token).await.is_empty(), "{changes}");
    }
    for changes in [
        json!({"email": "user@elsewhere.example"}),
        json!({"email_verified": false}),
        json!({"email": null}),
    ] {
        let token = world.rsa.token("RS256", &world.claims(changes.clone()));
        let answer = with_token(&world.host, "/caller", &token).await;
        assert_eq!(answer.status, 403, "{changes}");
        assert!(message(&answer).contains("not on the list"), "{answer:?}");
        assert!(answer.text.contains("PERMISSION_DENIED"));
    }
    let narrow = world.claims(json!({"scope": "write"}));
    let answer = with_token(&world.host, "/caller", &world.rsa.token("RS256", &narrow)).await;
    assert_eq!(answer.status, 403);
    let [challenge] = challenges(&answer)[..] else {
        panic!("{answer:?}");
    };
    assert!(
        challenge.contains(r#"error="insufficient_scope""#),
        "{challenge}"
    );
    assert!(challenge.ends_with(r#"scope="read""#), "{challenge}");
}
