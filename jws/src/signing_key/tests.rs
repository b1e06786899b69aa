use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::json;

use super::*;

fn pem(label: &str) -> String {
    let rng = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// For RSA this is shown by the Python client, since `ring` makes no such keys.
#[test]
fn what_a_key_signs_holds_by_what_is_published_of_it() {
    let key = SigningKey::parse(pem("PRIVATE KEY").as_bytes()).unwrap();
    let published = key.public_jwk("this");
    let part = |name: &str| URL_SAFE_NO_PAD.decode(published[name].as_str().unwrap());
    let point = [vec![4], part("x").unwrap(), part("y").unwrap()].concat();
    assert_eq!(
        published,
        json!({
            "kty": "EC", "use": "sig", "alg": "ES256", "kid": "this", "crv": "P-256",
            "x": published["x"], "y": published["y"],
        })
    );
    let signature = key.sign(b"message").unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(b"message", &signature)
        .unwrap();
}

#[test]
fn a_text_may_hold_several_keys_and_one_that_is_unfit_spoils_it() {
    let good = [pem("PRIVATE KEY"), pem("PRIVATE KEY")].concat();
    assert_eq!(SigningKey::parse_all(good.as_bytes()).unwrap().len(), 2);
    let mixed = [good, pem("EC PRIVATE KEY")].concat();
    let error = SigningKey::parse_all(mixed.as_bytes()).unwrap_err();
    assert_eq!(error, KeyError::NotPkcs8);
}
