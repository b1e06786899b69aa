//! What the engine needs of its surroundings besides the task log.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use crate::log::SharedLog;

/// Who calls, as the host authenticated it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who vouches for the subject.
    pub issuer: String,
    /// Who it is, unique for the issuer.
    pub subject: String,
    /// An address, when the issuer gives one.
    pub email: Option<String>,
    /// What the caller may do.
    pub scopes: Vec<String>,
}

/// A signature of an agent card, both halves in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardSignature {
    /// The protected header: algorithm, key id, type.
    pub protected: String,
    /// The signature over the protected header and the card.
    pub signature: String,
}

/// Clock, randomness, configuration, caller and log.
pub trait Platform {
    /// Milliseconds since the epoch.
    fn now(&self) -> u64;
    /// Sixteen random bytes, of a quality fit for identifiers that must not be guessed.
    fn random(&self) -> [u8; 16];
    /// Ready after this long.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()>;
    /// A configuration value or a secret that the deployment gives to this agent.
    fn config(&self, key: &str) -> Option<String>;
    /// None when the caller is anonymous.
    fn caller(&self) -> Option<Caller>;
    /// The task log of a tenant; empty is the default tenant.
    fn log(&self, tenant: &str) -> SharedLog;
    /// Signs a card in its canonical form (RFC 8785). The key stays with the deployment; without one
    /// there is no signature.
    fn sign_card(&self, card: &[u8]) -> Option<CardSignature> {
        let _ = card;
        None
    }
}

/// A UUID (version 7) for tasks, contexts and messages: the time in milliseconds, and 74 random bits.
///
/// New ids sort behind older ones, so a log that keeps its rows by id writes side by side what is
/// written at the same time, and does not slow down as it grows.
pub(crate) fn new_id(platform: &dyn Platform) -> String {
    let random = u128::from_be_bytes(platform.random());
    let mut bits = (u128::from(platform.now()) << 80) | (random & ((1 << 80) - 1));
    bits = (bits & !(0xf << 76)) | (0x7 << 76);
    bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xffff,
        (bits >> 48) & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}
