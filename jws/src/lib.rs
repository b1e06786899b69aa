//! JSON Web Signatures (RFC 7515) with `ring`: what the host signs with and what callers' tokens are
//! checked by, and what `attache card` signs and verifies with.

mod algorithm;
mod key_set;
mod signing_key;
mod spki;

pub use algorithm::{Algorithm, PublicKey};
pub use key_set::{KeySet, Signed, Verdict};
pub use signing_key::{KeyError, SigningKey};
