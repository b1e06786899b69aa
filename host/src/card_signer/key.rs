use std::fmt;

use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;

use super::thumbprint;

/// The private key that signs cards.
pub struct CardKey(Algorithm);

enum Algorithm {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

/// Why a text is no key for cards. The text itself is never repeated.
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

impl CardKey {
    /// Reads the first private key in a PEM text.
    ///
    /// # Errors
    /// [`KeyError`], when it cannot sign for ES256 or RS256.
    pub fn parse(pem: &[u8]) -> Result<Self, KeyError> {
        let PrivateKeyDer::Pkcs8(der) =
            PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::NotPem)?
        else {
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
    pub(super) fn thumbprint(&self) -> String {
        match &self.0 {
            Algorithm::Es256(key) => thumbprint::of_p256(key.public_key().as_ref()),
            Algorithm::Rs256(key) => thumbprint::of_rsa(key.public()),
        }
    }

    /// The signature in the form of JSON Web Signatures: for ES256 the two numbers side by side.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
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

impl fmt::Debug for CardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardKey({})", self.algorithm())
    }
}
