//! Signatures of cards (section 8.4 of A2A 1.0), made and checked as the host does it.

use attache_jws::{Algorithm, KeySet, Signed, SigningKey, Verdict};
use attache_protocol::canonical_forms;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Card, Generation};
use crate::failure::{Exit, Failure};

/// More signatures than this are not looked at.
const MOST: usize = 16;

/// The protected header of a signature.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    algorithm: Algorithm,
    name: String,
    pub(crate) key_id: Option<String>,
    /// Where the signer says that the key is.
    pub(crate) key_set_url: Option<String>,
}

/// What came of one signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checked {
    pub(crate) holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_id: Option<String>,
    /// Why it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// The header of a signature in a card.
///
/// # Errors
/// A sentence that follows the signature's name.
pub(crate) fn header(signature: &Value) -> Result<Header, String> {
    let text = |name: &str| {
        signature
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let decoded = |name: &str| {
        let bytes = URL_SAFE_NO_PAD
            .decode(text(name).trim_end_matches('='))
            .ok();
        bytes.filter(|bytes| !bytes.is_empty())
    };
    let bytes = decoded("protected").ok_or("has no \"protected\" in base64url")?;
    decoded("signature").ok_or("has no \"signature\" in base64url")?;
    let header: Map<String, Value> =
        serde_json::from_slice(&bytes).map_err(|_| "has a protected header that is not JSON")?;
    if header.contains_key("crit") {
        return Err("asks for an extension of JWS (\"crit\"), and none is known here".to_owned());
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("alg").ok_or("has no \"alg\"")?;
    let algorithm = Algorithm::named(&name)
        .ok_or_else(|| format!("is made with {name:?}, which no public key checks"))?;
    Ok(Header {
        algorithm,
        name,
        key_id: text("kid"),
        key_set_url: text("jku"),
    })
}

impl Card {
    /// Its signatures.
    pub(crate) fn signatures_in(&self) -> &[Value] {
        let signatures = self.value.get("signatures").and_then(Value::as_array);
        let signatures = signatures.map(Vec::as_slice).unwrap_or_default();
        signatures.get(..MOST).unwrap_or(signatures)
    }

    /// The card with signatures of `key` in place of those that it has.
    ///
    /// # Errors
    /// When the card is one of 0.3, or has no canonical form.
    pub(crate) fn signed(
        &self,
        key: &SigningKey,
        key_id: Option<&str>,
        key_set_url: Option<&str>,
    ) -> Result<Value, Failure> {
        if self.generation() == Generation::Old {
            return Err(Failure::new(
                Exit::Data,
                "signatures are over the card of 1.0, and this is one of 0.3",
            )
            .remedy("convert it first: attache card convert FILE --to 1.0"));
        }
        let thumbprint = key.thumbprint();
        let mut protected = json!({
            "alg": key.algorithm(),
            "kid": key_id.unwrap_or(&thumbprint),
            "typ": "JOSE",
        });
        if let (Some(url), Some(header)) = (key_set_url, protected.as_object_mut()) {
            header.insert("jku".to_owned(), json!(url));
        }
        let protected = URL_SAFE_NO_PAD.encode(protected.to_string());
        let signatures = self
            .forms()?
            .iter()
            .map(|form| {
                let input = format!("{protected}.{}", URL_SAFE_NO_PAD.encode(form));
                let signature = key.sign(input.as_bytes()).map_err(|_| {
                    Failure::new(Exit::Software, "the machine has no random numbers to sign with")
                })?;
                Ok(json!({ "protected": protected, "signature": URL_SAFE_NO_PAD.encode(signature) }))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut card = self.value.clone();
        if let Some(members) = card.as_object_mut() {
            members.insert("signatures".to_owned(), Value::Array(signatures));
        }
        Ok(card)
    }

    /// Checks one signature with keys.
    ///
    /// # Errors
    /// When the card has no canonical form.
    pub(crate) fn check(&self, signature: &Value, keys: &KeySet) -> Result<Checked, Failure> {
        let header = match header(signature) {
            Ok(header) => header,
            Err(why) => {
                return Ok(Checked {
                    holds: false,
                    algorithm: None,
                    key_id: None,
                    why: Some(why),
                });
            }
        };
        let text = |name: &str| {
            signature
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let bytes = URL_SAFE_NO_PAD.decode(text("signature").trim_end_matches('='));
        let bytes = bytes.unwrap_or_default();
        let mut verdict = Verdict::UnknownKey;
        // Signers do not agree on what of a card is signed; see `canonical_forms`.
        for form in self.forms()? {
            let input = format!("{}.{}", text("protected"), URL_SAFE_NO_PAD.encode(form));
            verdict = keys.judge(&Signed {
                algorithm: header.algorithm,
                key_id: header.key_id.as_deref(),
                message: input.as_bytes(),
                signature: &bytes,
            });
            if verdict == Verdict::Holds {
                break;
            }
        }
        let why = match verdict {
            Verdict::Holds => None,
            Verdict::Broken => Some("was not made over this card with that key"),
            Verdict::UnknownKey => Some("was not made with any of these keys"),
        };
        Ok(Checked {
            holds: why.is_none(),
            algorithm: Some(header.name),
            key_id: header.key_id,
            why: why.map(str::to_owned),
        })
    }

    fn forms(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut typed = self.typed()?;
        typed.signatures.clear();
        canonical_forms(&typed).map_err(|why| Failure::new(Exit::Data, why.to_string()))
    }
}
