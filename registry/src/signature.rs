//! Signatures in cosign's form, with a key that the operator holds: a "simple signing" document that
//! names the repository and the digest of the manifest, signed with ECDSA on P-256 and SHA-256, kept
//! beside the artifact under the tag `sha256-DIGEST.sig`.
//!
//! The repository counts too. Otherwise whoever can move tags could serve one agent's component, which
//! has a valid signature, as another agent.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use serde_json::{Value, json};
use thiserror::Error;

use crate::{Digest, Reference, Version};

/// The media type of what is signed.
pub const SIGNATURE_LAYER: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation of the layer that holds the signature.
pub(crate) const ANNOTATION: &str = "dev.cosignproject.cosign/signature";
const TYPE: &str = "cosign container image signature";
/// What stands before the point in the DER form of a public key on P-256 (RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT: usize = 65;

/// Why a text is no key. The text itself is never repeated.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Not a public key in PEM.
    #[error(
        "give a public key on P-256 in PEM (BEGIN PUBLIC KEY), such as `openssl pkey -in KEY -pubout` \
         or `cosign public-key` writes"
    )]
    NotPublic,
    /// Not a private key in PEM.
    #[error(
        "give a private key on P-256 in PEM (PKCS#8, not encrypted), such as `openssl genpkey \
         -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes"
    )]
    NotPrivate,
    /// An encrypted key.
    #[error(
        "the private key is encrypted; give it in PKCS#8 without a passphrase, from a secret store \
         or a file that only you can read"
    )]
    Encrypted,
    /// An older form.
    #[error("the key is not in PKCS#8; convert it with `openssl pkcs8 -topk8 -nocrypt`")]
    NotPkcs8,
}

/// What components are verified with.
#[derive(Clone)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads a public key in PEM.
    ///
    /// # Errors
    /// [`KeyError`], when it is none on P-256.
    pub fn parse(pem: &[u8]) -> Result<Self, KeyError> {
        let der = der(pem, "PUBLIC KEY").ok_or(KeyError::NotPublic)?;
        match der.strip_prefix(&P256) {
            Some(point) if point.len() == POINT => Ok(Self(point.to_owned())),
            _ => Err(KeyError::NotPublic),
        }
    }

    /// Whether `payload` says that this is the artifact, and `signature` (base64) that the key's holder
    /// said it.
    ///
    /// # Errors
    /// A clause that says what is wrong.
    pub(crate) fn verify(
        &self,
        reference: &Reference,
        digest: &Digest,
        payload: &[u8],
        signature: &str,
    ) -> Result<(), String> {
        let signature = STANDARD
            .decode(signature.trim())
            .map_err(|_| "it is not base64")?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0)
            .verify(payload, &signature)
            .map_err(|_| "it was not made with the configured key")?;
        let payload: Value =
            serde_json::from_slice(payload).map_err(|_| "what was signed is not JSON")?;
        let text = |path: &str| payload.pointer(path).and_then(Value::as_str);
        if text("/critical/type") != Some(TYPE) {
            return Err("what was signed is no statement about an artifact".to_owned());
        }
        let of = text("/critical/image/docker-manifest-digest");
        if of != Some(digest.to_string().as_str()) {
            return Err("it is for another artifact".to_owned());
        }
        let named = text("/critical/identity/docker-reference").unwrap_or_default();
        // cosign may name the tag or the digest too.
        let repository = named.strip_prefix(&name(reference));
        if repository.is_none_or(|rest| !(rest.is_empty() || rest.starts_with([':', '@']))) {
            return Err(format!(
                "it is for the repository {}",
                crate::artifact::shown(named)
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(P-256)")
    }
}

/// What components are signed with.
pub struct PrivateKey(EcdsaKeyPair);

impl PrivateKey {
    /// Reads a private key in PEM.
    ///
    /// # Errors
    /// [`KeyError`], when it is none on P-256, or in another form than PKCS#8.
    pub fn parse(pem: &[u8]) -> Result<Self, KeyError> {
        let text = String::from_utf8_lossy(pem);
        if text.contains("-----BEGIN ENCRYPTED ") {
            return Err(KeyError::Encrypted);
        }
        if text.contains("-----BEGIN EC PRIVATE KEY-----") {
            return Err(KeyError::NotPkcs8);
        }
        let der = der(pem, "PRIVATE KEY").ok_or(KeyError::NotPrivate)?;
        let rng = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &rng)
            .map(Self)
            .map_err(|_| KeyError::NotPrivate)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().to_owned())
    }

    /// What is signed of the artifact, and the signature in base64.
    ///
    /// # Errors
    /// When the machine has no random numbers.
    pub(crate) fn sign(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<(Vec<u8>, String), String> {
        let payload = json!({
            "critical": {
                "identity": {"docker-reference": name(reference)},
                "image": {"docker-manifest-digest": digest},
                "type": TYPE,
            },
            "optional": null,
        });
        let payload = payload.to_string().into_bytes();
        let signature = self.0.sign(&SystemRandom::new(), &payload);
        let signature = signature.map_err(|_| "the machine gives no random numbers")?;
        Ok((payload, STANDARD.encode(signature)))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(P-256)")
    }
}

/// Where the signatures of an artifact are.
pub(crate) fn place(reference: &Reference, digest: &Digest) -> Reference {
    reference.at(Version::Tag(format!("sha256-{}.sig", digest.hex())))
}

/// The repository's full name, as cosign writes it.
fn name(reference: &Reference) -> String {
    match reference.host() {
        "docker.io" => format!("index.docker.io/{}", reference.repository()),
        _ => reference.name(),
    }
}

fn der(pem: &[u8], label: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pem).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests;
