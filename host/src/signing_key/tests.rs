use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::json;

use super::*;

/// Made for this test: `ring` makes no RSA keys.
const RSA: &[u8] = include_bytes!("test_only_rsa.pem");

#[test]
fn what_an_rsa_key_signs_holds_by_what_is_published_of_it() {
    let key = SigningKey::parse(RSA).unwrap();
    assert_eq!(key.algorithm(), "RS256");
    let published = key.public_jwk("this");
    let part = |name: &str| URL_SAFE_NO_PAD.decode(published[name].as_str().unwrap());
    let (n, e) = (part("n").unwrap(), part("e").unwrap());
    assert_eq!(
        published,
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "this",
            "n": published["n"], "e": "AQAB",
        })
    );
    let signature = key.sign(b"message").unwrap();
    RsaPublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, b"message", &signature)
        .unwrap();
}

#[test]
fn a_text_may_hold_several_keys_and_one_that_is_unfit_spoils_it() {
    let twice = [RSA, RSA].concat();
    assert_eq!(SigningKey::parse_all(&twice).unwrap().len(), 2);
    let old = String::from_utf8(RSA.to_vec()).unwrap();
    let old = old.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let mixed = [RSA, old.as_bytes()].concat();
    let error = SigningKey::parse_all(&mixed).unwrap_err();
    assert_eq!(error, KeyError::NotPkcs8);
}
