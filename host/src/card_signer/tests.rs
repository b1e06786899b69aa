use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::*;
use attache_jws::KeyError;

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
    let der = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
    der.as_ref().to_vec()
}

fn signer(der: &[u8], key_id: Option<&str>, key_set_url: Option<&str>) -> CardSigner {
    CardSigner::new(CardSigning {
        key: SigningKey::parse(pem("PRIVATE KEY", der).as_bytes()).unwrap(),
        key_id: key_id.map(str::to_owned),
        key_set_url: key_set_url.map(str::to_owned),
    })
}

fn header(signature: &Signature) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&signature.protected).unwrap()).unwrap()
}

#[test]
fn a_signature_holds_over_header_and_card() {
    let der = ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let mut signer = signer(&der, Some("key-1"), Some("https://agent.example/keys"));
    let card = br#"{"name":"Hello"}"#;
    let signed = signer.sign(card.to_vec()).unwrap().unwrap();
    assert_eq!(
        header(&signed),
        json!({
            "alg": "ES256",
            "kid": "key-1",
            "typ": "JOSE",
            "jku": "https://agent.example/keys",
        })
    );
    let rng = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &rng).unwrap();
    let input = format!("{}.{}", signed.protected, URL_SAFE_NO_PAD.encode(card));
    let signature = URL_SAFE_NO_PAD.decode(&signed.signature).unwrap();
    assert_eq!(signature.len(), 64);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key())
        .verify(input.as_bytes(), &signature)
        .unwrap();
}

#[test]
fn the_same_card_has_the_same_signature_and_only_so_many_are_kept() {
    let mut signer = signer(&ec(&ECDSA_P256_SHA256_FIXED_SIGNING), None, None);
    let mut sign = |card: usize| {
        let card = card.to_string().into_bytes();
        signer.sign(card).unwrap().unwrap().signature
    };
    let first: Vec<_> = (0..KEPT).map(&mut sign).collect();
    let again: Vec<_> = (0..KEPT).map(&mut sign).collect();
    assert_eq!(first, again);
    sign(KEPT);
    assert_ne!(sign(0), first[0]);
}

#[test]
fn a_key_without_a_name_is_named_after_itself() {
    let der = ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let kid = |mut signer: CardSigner| {
        let signed = signer.sign(b"{}".to_vec()).unwrap().unwrap();
        header(&signed)["kid"].clone()
    };
    let first = kid(signer(&der, None, None));
    assert_eq!(first.as_str().unwrap().len(), 43);
    assert_eq!(first, kid(signer(&der, None, None)));
    let other = ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
    assert_ne!(first, kid(signer(&other, None, None)));
}

#[test]
fn without_a_key_nothing_is_signed() {
    assert!(CardSigner::default().sign(vec![0]).unwrap().is_none());
}

#[test]
fn a_card_out_of_proportion_is_an_error() {
    let mut signer = signer(&ec(&ECDSA_P256_SHA256_FIXED_SIGNING), None, None);
    assert!(signer.sign(vec![b' '; LONGEST + 1]).is_err());
}

#[test]
fn what_is_no_key_is_refused_without_being_repeated() {
    let refused = |text: String| {
        let error = SigningKey::parse(text.as_bytes()).unwrap_err();
        assert_eq!(SigningKey::parse_all(text.as_bytes()).unwrap_err(), error);
        assert!(!format!("{error} {error:?}").contains("AgEAM"), "{error}");
        error
    };
    let p256 = ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
    for text in [
        String::new(),
        "secret".to_owned(),
        STANDARD.encode(&p256),
        pem("ENCRYPTED PRIVATE KEY", &p256),
        pem("PUBLIC KEY", &p256),
        pem("PRIVATE KEY", &p256).replace("-----END", "-----"),
    ] {
        assert_eq!(refused(text), KeyError::NotPem);
    }
    for label in ["EC PRIVATE KEY", "RSA PRIVATE KEY"] {
        assert_eq!(refused(pem(label, &p256)), KeyError::NotPkcs8);
    }
    let ed25519 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    for der in [
        ec(&ECDSA_P384_SHA384_FIXED_SIGNING).as_slice(),
        ed25519.as_ref(),
        b"no DER at all",
    ] {
        let error = refused(pem("PRIVATE KEY", der));
        assert!(matches!(error, KeyError::Unfit(_)), "{error}");
    }
}
