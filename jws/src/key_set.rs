use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::{Algorithm, PublicKey};
use crate::spki;

/// More keys than this are not looked at; issuers have a few.
const MOST_KEYS: usize = 100;
/// Signatures that are checked for a token that does not name its key.
const MOST_TRIED: usize = 8;

/// Public keys that check signatures.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The only one that it is for, if it says so.
    algorithm: Option<String>,
    key: PublicKey,
}

/// Something that was signed, as its header says.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `alg`
    pub algorithm: Algorithm,
    /// `kid`
    pub key_id: Option<&'a str>,
    /// The header and what it stands before, both in base64url.
    pub message: &'a [u8],
    /// The bytes of the signature.
    pub signature: &'a [u8],
}

/// What the keys say of a signature.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is that of a key.
    Holds,
    /// The key that is named did not make it.
    Broken,
    /// No key fits.
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
    ///
    /// # Errors
    /// A sentence without a full stop: not such a set, or none of its keys is of use.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(text).map_err(|_| "it is not a JSON Web Key Set".to_owned())?;
        let keys = document.keys.into_iter().take(MOST_KEYS);
        let keys: Vec<_> = keys.filter_map(Key::of).collect();
        if keys.is_empty() {
            return Err("it has no key that checks signatures".to_owned());
        }
        Ok(Self(keys))
    }

    /// The public keys in a PEM text (`PUBLIC KEY`), which have no names.
    ///
    /// # Errors
    /// A sentence without a full stop: no such text, or a key for something else.
    pub fn parse_pem(text: &[u8]) -> Result<Self, String> {
        let keys = spki::public_keys(text)?.into_iter();
        Ok(Self(
            keys.map(|key| Key {
                id: None,
                algorithm: None,
                key,
            })
            .collect(),
        ))
    }

    /// Whether one of the keys made the signature.
    pub fn judge(&self, signed: &Signed<'_>) -> Verdict {
        let mut verdict = Verdict::UnknownKey;
        let fitting = self.0.iter().filter(|key| key.may_have_signed(signed));
        for key in fitting.take(MOST_TRIED) {
            if signed
                .algorithm
                .holds(&key.key, signed.message, signed.signature)
            {
                return Verdict::Holds;
            }
            // Without a name, it may also have been a key that is not among these.
            if signed.key_id.is_some() {
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

    fn may_have_signed(&self, signed: &Signed<'_>) -> bool {
        let named = match (self.id.as_deref(), signed.key_id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        let meant = self.algorithm.as_deref().is_none_or(|algorithm| {
            Algorithm::named(algorithm).is_some_and(|algorithm| algorithm == signed.algorithm)
        });
        named && meant && signed.algorithm.fits(&self.key)
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

    fn verdict(keys: Value, by: &EcdsaKeyPair, kid: Option<&str>) -> Verdict {
        let keys = KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap();
        let signature = by.sign(&SystemRandom::new(), b"message").unwrap();
        keys.judge(&Signed {
            algorithm: Algorithm::Es256,
            key_id: kid,
            message: b"message",
            signature: signature.as_ref(),
        })
    }

    #[test]
    fn a_signature_is_checked_with_the_key_that_it_names() {
        let (one, two) = (p256(), p256());
        let keys = || json!([jwk(&one, Some("one")), jwk(&two, Some("two"))]);
        assert_eq!(verdict(keys(), &two, Some("two")), Verdict::Holds);
        assert_eq!(verdict(keys(), &two, Some("one")), Verdict::Broken);
        assert_eq!(verdict(keys(), &two, Some("three")), Verdict::UnknownKey);
        assert_eq!(verdict(keys(), &two, None), Verdict::Holds);
        assert_eq!(verdict(keys(), &p256(), None), Verdict::UnknownKey);
        let unnamed = json!([jwk(&one, None)]);
        assert_eq!(verdict(unnamed, &one, Some("any")), Verdict::Holds);
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
        let verdict = verdict(json!([other]), &key, Some("one"));
        assert_eq!(verdict, Verdict::UnknownKey);
    }
}
