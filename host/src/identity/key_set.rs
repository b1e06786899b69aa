use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::{Algorithm, PublicKey};
use super::jwt::Jwt;

/// More keys than this are not looked at; issuers have a few.
const MOST_KEYS: usize = 100;
/// Signatures that are checked for a token that does not name its key.
const MOST_TRIED: usize = 8;

/// The public keys of an issuer.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The only one that it is for, if it says so.
    algorithm: Option<String>,
    key: PublicKey,
}

/// What the keys say of a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Broken,
    UnknownKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// The keys in a JSON Web Key Set (RFC 7517) that can check signatures. Others are passed over, as
    /// the RFC asks.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(text).map_err(|_| "it is not a JSON Web Key Set".to_owned())?;
        let keys = document.keys.into_iter().take(MOST_KEYS);
        let keys: Vec<_> = keys.filter_map(Key::of).collect();
        if keys.is_empty() {
            return Err("it has no key that checks signatures".to_owned());
        }
        Ok(Self(keys))
    }

    pub(super) fn judge(&self, token: &Jwt<'_>) -> Verdict {
        let Some((message, signature)) = token.signature() else {
            return Verdict::Broken;
        };
        let mut verdict = Verdict::UnknownKey;
        let fitting = self.0.iter().filter(|key| key.may_have_signed(token));
        for key in fitting.take(MOST_TRIED) {
            if token.algorithm.holds(&key.key, message, signature) {
                return Verdict::Holds;
            }
            // Without a name, it may also have been a key that is not among these.
            if token.key_id.is_some() {
                verdict = Verdict::Broken;
            }
        }
        verdict
    }
}

impl Key {
    fn of(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        if jwk.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok();
        let point = |length: usize| {
            let (x, y) = (bytes(jwk.x.clone())?, bytes(jwk.y.clone())?);
            (x.len() == length && y.len() == length).then(|| [vec![4], x, y].concat())
        };
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => PublicKey::Rsa {
                modulus: unpadded(bytes(jwk.n)?),
                exponent: unpadded(bytes(jwk.e)?),
            },
            ("EC", Some("P-256")) => PublicKey::P256(point(32)?),
            ("EC", Some("P-384")) => PublicKey::P384(point(48)?),
            ("OKP", Some("Ed25519")) => PublicKey::Ed25519(bytes(jwk.x)?),
            _ => return None,
        };
        Some(Self {
            id: jwk.kid,
            algorithm: jwk.alg,
            key,
        })
    }

    fn may_have_signed(&self, token: &Jwt<'_>) -> bool {
        let named = match (&self.id, &token.key_id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        let meant = self.algorithm.as_deref().is_none_or(|algorithm| {
            Algorithm::named(algorithm).is_some_and(|algorithm| algorithm == token.algorithm)
        });
        named && meant && token.algorithm.fits(&self.key)
    }
}

/// Some issuers write a number with a zero in front, which `ring` does not take.
fn unpadded(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    fn p256() -> EcdsaKeyPair {
        let rng = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
        EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &rng).unwrap()
    }

    fn jwk(key: &EcdsaKeyPair, kid: Option<&str>) -> Value {
        let point = key.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y})
    }

    fn token(key: &EcdsaKeyPair, kid: Option<&str>) -> String {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        let signed = [header.as_str(), "{}"].map(|part| URL_SAFE_NO_PAD.encode(part));
        let signed = signed.join(".");
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn verdict(keys: Value, token: &str) -> Verdict {
        let keys = KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap();
        keys.judge(&Jwt::parse(token).unwrap())
    }

    #[test]
    fn a_token_is_checked_with_the_key_that_it_names() {
        let (one, two) = (p256(), p256());
        let keys = || json!([jwk(&one, Some("one")), jwk(&two, Some("two"))]);
        assert_eq!(verdict(keys(), &token(&two, Some("two"))), Verdict::Holds);
        assert_eq!(verdict(keys(), &token(&two, Some("one"))), Verdict::Broken);
        let unknown = token(&two, Some("three"));
        assert_eq!(verdict(keys(), &unknown), Verdict::UnknownKey);
        assert_eq!(verdict(keys(), &token(&two, None)), Verdict::Holds);
        assert_eq!(verdict(keys(), &token(&p256(), None)), Verdict::UnknownKey);
        let unnamed = json!([jwk(&one, None)]);
        assert_eq!(verdict(unnamed, &token(&one, Some("any"))), Verdict::Holds);
    }

    #[test]
    fn a_key_for_something_else_is_no_key() {
        let key = p256();
        for changes in [
            json!({"use": "enc"}),
            json!({"kty": "oct", "k": "AAAA"}),
            json!({"crv": "P-521"}),
            json!({"x": "AA"}),
        ] {
            let mut jwk = jwk(&key, None);
            for (name, value) in changes.as_object().unwrap() {
                jwk[name] = value.clone();
            }
            let keys = json!({"keys": [jwk, 7]}).to_string();
            assert!(KeySet::parse(keys.as_bytes()).is_err(), "{changes}");
        }
        let mut other = jwk(&key, Some("one"));
        other["alg"] = json!("ES384");
        let verdict = verdict(json!([other]), &token(&key, Some("one")));
        assert_eq!(verdict, Verdict::UnknownKey);
    }
}
