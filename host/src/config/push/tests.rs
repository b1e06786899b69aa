use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use super::*;

fn key() -> String {
    let rng = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let body = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

fn resolved(
    flags: PushFlags,
    card: Option<&CardSigning>,
    keys: &str,
) -> Result<PushSettings, String> {
    let variable = (SOURCE.value.to_owned(), keys.to_owned());
    let environment = Environment::from_iter([variable]);
    resolve(flags, card, &environment).map_err(|error| error.to_string())
}

fn limits(attempts: &str, max_age: &str) -> PushFlags {
    PushFlags {
        push_attempts: Some(attempts.to_owned()),
        push_max_age: Some(max_age.to_owned()),
        ..PushFlags::default()
    }
}

fn named(ids: &str) -> PushFlags {
    PushFlags {
        push_key_id: Some(ids.to_owned()),
        ..PushFlags::default()
    }
}

#[test]
fn attempts_and_age_have_bounds() {
    let settings = resolved(PushFlags::default(), None, "").unwrap();
    assert_eq!(settings.patience, Patience::default());
    assert!(settings.signing.is_none());
    let settings = resolved(limits("3", "60"), None, "").unwrap();
    assert_eq!(
        (settings.patience.attempts, settings.patience.age_ms),
        (3, 60_000)
    );
    for (attempts, max_age, sentence) in [
        (
            "0",
            "",
            "ATTACHE_PUSH_ATTEMPTS (--push-attempts) is \"0\": give a whole number from 1 to 1000.",
        ),
        ("1001", "", "from 1 to 1000"),
        ("", "0", "ATTACHE_PUSH_MAX_AGE (--push-max-age) is \"0\""),
        ("", "a day", "give a whole number from 1 to 31536000"),
    ] {
        let error = resolved(limits(attempts, max_age), None, "").unwrap_err();
        assert!(error.contains(sentence), "{error}");
    }
}

#[test]
fn keys_are_named_in_their_order_and_the_others_after_themselves() {
    let pem = [key(), key(), key()].concat();
    let settings = resolved(named("new, old"), None, &pem).unwrap();
    let keys = settings.signing.unwrap().keys;
    let names: Vec<&str> = keys.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(names, ["new", "old", &keys[2].1.thumbprint()]);
}

#[test]
fn names_that_do_not_fit_the_keys_are_refused() {
    for (ids, keys, sentence) in [
        ("a,a", 2, "two are \"a\""),
        (
            "a,b",
            1,
            "it has more names than there are keys, which are 1",
        ),
        (
            "a",
            0,
            "there is no key to sign notifications with; set ATTACHE_PUSH_KEY_FILE",
        ),
    ] {
        let pem: String = (0..keys).map(|_| key()).collect();
        let error = resolved(named(ids), None, &pem).unwrap_err();
        assert!(error.contains(sentence), "{error}");
    }
}

#[test]
fn the_key_for_cards_signs_no_notifications() {
    let (pem, other) = (key(), key());
    let card = CardSigning {
        key: SigningKey::parse(pem.as_bytes()).unwrap(),
        key_id: None,
        key_set_url: None,
    };
    assert!(resolved(PushFlags::default(), Some(&card), &other).is_ok());
    let error = resolved(PushFlags::default(), Some(&card), &[other, pem].concat());
    let error = error.unwrap_err();
    assert!(error.contains("also signs the agent card"), "{error}");
}
