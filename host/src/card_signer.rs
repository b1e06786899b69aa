//! Signatures of agent cards: the component says what, the host signs it.
//!
//! A signature vouches for the card's URLs, so a host with a key starts only when it knows its public
//! URL: otherwise whoever sends a request would choose the URLs, by its `Host` header. The component
//! cannot see the key, but it chooses what is signed; use the key for nothing else.
//!
//! Lifetimes: [`CardSigner`] once per process, lent to every instance.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::bindings::card_signer::{Host, Signature};
use attache_jws::SigningKey;

/// A card is a few kilobytes.
const LONGEST: usize = 1 << 20;
/// An agent has a card for each form and each extended card. ECDSA signs the same bytes differently
/// each time, so what was signed is kept: a card that did not change stays the same.
const KEPT: usize = 16;

/// How cards are signed.
#[derive(Debug)]
pub struct CardSigning {
    /// The private key.
    pub key: SigningKey,
    /// `kid`; by default the thumbprint of the key.
    pub key_id: Option<String>,
    /// `jku`: where the deployment publishes the public key.
    pub key_set_url: Option<String>,
}

/// Signs cards, if there is a key. Cheap to clone.
#[derive(Clone, Default)]
pub struct CardSigner(Option<Arc<Inner>>);

struct Inner {
    key: SigningKey,
    /// The protected header, in base64url.
    protected: String,
    kept: Mutex<VecDeque<([u8; 32], String)>>,
}

#[derive(Serialize)]
struct Protected<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jku: Option<&'a str>,
}

impl CardSigner {
    /// A signer with this key.
    pub fn new(signing: CardSigning) -> Self {
        let kid = signing.key_id.unwrap_or_else(|| signing.key.thumbprint());
        let protected = Protected {
            alg: signing.key.algorithm(),
            kid: &kid,
            typ: "JOSE",
            jku: signing.key_set_url.as_deref(),
        };
        tracing::info!(
            key_id = kid,
            algorithm = protected.alg,
            "the agent card is signed"
        );
        // A struct of texts is always JSON.
        let protected = serde_json::to_vec(&protected).unwrap_or_default();
        Self(Some(Arc::new(Inner {
            key: signing.key,
            protected: URL_SAFE_NO_PAD.encode(protected),
            kept: Mutex::default(),
        })))
    }
}

impl Inner {
    fn sign(&self, card: &[u8]) -> wasmtime::Result<String> {
        let digest: [u8; 32] = Sha256::digest(card).into();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, signature)) = kept.iter().find(|(of, _)| *of == digest) {
            return Ok(signature.clone());
        }
        let input = format!("{}.{}", self.protected, URL_SAFE_NO_PAD.encode(card));
        let signature = self
            .key
            .sign(input.as_bytes())
            .map_err(|_| wasmtime::Error::msg("the card could not be signed"))?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((digest, signature.clone()));
        Ok(signature)
    }
}

impl Host for CardSigner {
    fn sign(&mut self, card: Vec<u8>) -> wasmtime::Result<Option<Signature>> {
        let Some(inner) = &self.0 else {
            return Ok(None);
        };
        if card.len() > LONGEST {
            return Err(wasmtime::Error::msg(format!(
                "a card of {} bytes is not signed; the limit is {LONGEST}",
                card.len()
            )));
        }
        Ok(Some(Signature {
            protected: inner.protected.clone(),
            signature: inner.sign(&card)?,
        }))
    }
}

#[cfg(test)]
mod tests;
