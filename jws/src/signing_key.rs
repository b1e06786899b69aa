//! Private keys that sign in the form of JSON Web Signatures, and their public halves as others have
//! to see them.
//!
//! Read from PEM and kept until the process ends; neither an error nor a log entry shows any of it.

mod public_key;

use std::fmt;

use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use thiserror::Error;

use public_key::PublicKey;

/// A private key for ES256 or RS256.
pub struct SigningKey(Algorithm);

enum Algorithm {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

/// Why a text is no such key. The text itself is never repeated.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Not PEM, or not a private key.
    #[error(
        "give a private key in PEM (PKCS#8, not encrypted), such as `openssl genpkey -algorithm EC \
         -pkeyopt ec_paramgen_curve:P-256` makes"
    )]
    NotPem,
    /// A private key in one of the older forms.
    #[error("its key is not in PKCS#8; convert it with `openssl pkcs8 -topk8 -nocrypt`")]
    NotPkcs8,
    /// A key for something else.
    #[error("give an EC key on P-256, or an RSA key of 2048 to 4096 bits (this one: {0})")]
    Unfit(String),
}

impl SigningKey {
    /// Reads the private keys in a PEM text, of which there is at least one.
    ///
    /// # Errors
    /// [`KeyError`], when one of them cannot sign for ES256 or RS256.
    pub fn parse_all(pem: &[u8]) -> Result<Vec<Self>, KeyError> {
        let keys = PrivateKeyDer::pem_slice_iter(pem)
            .map(|der| Self::of_der(der.map_err(|_| KeyError::NotPem)?))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(KeyError::NotPem);
        }
        Ok(keys)
    }

    /// Reads the first private key in a PEM text.
    ///
    /// # Errors
    /// [`KeyError`], when it cannot sign for ES256 or RS256.
    pub fn parse(pem: &[u8]) -> Result<Self, KeyError> {
        Self::of_der(PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::NotPem)?)
    }

    fn of_der(der: PrivateKeyDer<'_>) -> Result<Self, KeyError> {
        let PrivateKeyDer::Pkcs8(der) = der else {
            return Err(KeyError::NotPkcs8);
        };
        let der = der.secret_pkcs8_der();
        let rng = SystemRandom::new();
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &rng) {
            return Ok(Self(Algorithm::Es256(key)));
        }
        match RsaKeyPair::from_pkcs8(der) {
            Ok(key) => Ok(Self(Algorithm::Rs256(key))),
            Err(why) => Err(KeyError::Unfit(why.to_string())),
        }
    }

    /// The name of the algorithm in a JSON Web Signature.
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            Algorithm::Es256(_) => "ES256",
            Algorithm::Rs256(_) => "RS256",
        }
    }

    /// The thumbprint of the public key (RFC 7638).
    pub fn thumbprint(&self) -> String {
        self.public_key().thumbprint()
    }

    /// The public key as a JSON Web Key of this name.
    pub fn public_jwk(&self, key_id: &str) -> Value {
        self.public_key().jwk(self.algorithm(), key_id)
    }

    fn public_key(&self) -> PublicKey {
        match &self.0 {
            Algorithm::Es256(key) => PublicKey::of_p256(key.public_key().as_ref()),
            Algorithm::Rs256(key) => PublicKey::of_rsa(key.public()),
        }
    }

    /// The signature in the form of JSON Web Signatures: for ES256 the two numbers side by side.
    ///
    /// # Errors
    /// When the machine has no random numbers.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let rng = SystemRandom::new();
        match &self.0 {
            Algorithm::Es256(key) => Ok(key.sign(&rng, message)?.as_ref().to_vec()),
            Algorithm::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm())
    }
}

#[cfg(test)]
mod tests;
