use super::*;

/// Made with `openssl genpkey`, for these tests alone.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/59K/L/gTVIS3KDY
XaaAdgyEx72KkgRhrvI3GJrKEBShRANCAAQLZOOXtFM1NSaTAR+eX9Gvfsxwe8ea
+QTEo624tyDmZ2E90256KXCTaUgZNLbWuKEArt36bn4SMcTCQmV23C9S
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC2Tjl7RTNTUmkwEfnl/Rr37McHvH
mvkExKOtuLcg5mdhPdNueilwk2lIGTS21rihAK7d+m5+EjHEwkJldtwvUg==
-----END PUBLIC KEY-----
";

fn signed() -> (PrivateKey, Reference, Digest, Vec<u8>, String) {
    let key = PrivateKey::parse(KEY.as_bytes()).unwrap();
    let reference: Reference = "ghcr.io/me/agent:1".parse().unwrap();
    let digest = Digest::of(b"manifest");
    let (payload, signature) = key.sign(&reference, &digest).unwrap();
    (key, reference, digest, payload, signature)
}

#[test]
fn what_is_signed_is_verified_with_the_public_half() {
    let (_, reference, digest, payload, signature) = signed();
    let public = PublicKey::parse(PUBLIC.as_bytes()).unwrap();
    public
        .verify(&reference, &digest, &payload, &signature)
        .unwrap();
}

#[test]
fn nothing_else_is() {
    let (key, reference, digest, payload, signature) = signed();
    let public = key.public();
    let other = Digest::of(b"another manifest");
    let why = public.verify(&reference, &other, &payload, &signature);
    assert!(why.unwrap_err().contains("another artifact"));
    for elsewhere in [
        "ghcr.io/me/agent2:1",
        "ghcr.io/me/agen:1",
        "ghcr.io/you/agent:1",
    ] {
        let elsewhere = elsewhere.parse().unwrap();
        let why = public.verify(&elsewhere, &digest, &payload, &signature);
        assert!(
            why.unwrap_err().contains("for the repository"),
            "{elsewhere}"
        );
    }
    let mut changed = payload.clone();
    changed.push(b' ');
    let why = public.verify(&reference, &digest, &changed, &signature);
    assert!(why.unwrap_err().contains("configured key"));
    let why = public.verify(&reference, &digest, &payload, "????");
    assert!(why.unwrap_err().contains("base64"));
}

/// A statement that cosign itself would make: with spaces, and more than is needed.
#[test]
fn a_statement_may_say_more() {
    let (key, reference, digest, ..) = signed();
    let payload = format!(
        r#"{{ "critical": {{ "identity": {{"docker-reference": "ghcr.io/me/agent:1"}},
        "image": {{"docker-manifest-digest": "{digest}"}}, "type": "{TYPE}" }},
        "optional": {{"who": "me"}} }}"#
    );
    let signature = key
        .0
        .sign(&SystemRandom::new(), payload.as_bytes())
        .unwrap();
    let signature = STANDARD.encode(signature);
    let public = key.public();
    public
        .verify(&reference, &digest, payload.as_bytes(), &signature)
        .unwrap();
    let another = payload.replace(TYPE, "something else");
    let signature = key
        .0
        .sign(&SystemRandom::new(), another.as_bytes())
        .unwrap();
    let why = public.verify(
        &reference,
        &digest,
        another.as_bytes(),
        &STANDARD.encode(signature),
    );
    assert!(why.unwrap_err().contains("no statement"));
}

#[test]
fn what_is_no_key_is_refused_without_being_repeated() {
    let cases = [
        ("", KeyError::NotPrivate),
        (
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nc2VjcmV0",
            KeyError::Encrypted,
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0",
            KeyError::NotPkcs8,
        ),
        (PUBLIC, KeyError::NotPrivate),
        (
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
            KeyError::NotPrivate,
        ),
    ];
    for (text, why) in cases {
        let error = PrivateKey::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error, why);
        assert!(!error.to_string().contains("c2VjcmV0"));
    }
    for text in [
        "",
        KEY,
        "-----BEGIN PUBLIC KEY-----\nc2VjcmV0\n-----END PUBLIC KEY-----",
    ] {
        assert_eq!(
            PublicKey::parse(text.as_bytes()).unwrap_err(),
            KeyError::NotPublic
        );
    }
}
