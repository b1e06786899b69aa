//! Who calls, decided before the component runs.
//!
//! An [`Authenticator`] looks at the head of a request and makes a [`Caller`] of it, or a [`Denied`].
//! Which credentials it accepts is said by one value, [`AuthConfig`], which also writes the security
//! schemes of the agent card: what the card says and what is enforced cannot differ.
//!
//! Three rules hold in every mode. A credential that is presented and wrong is refused, whatever else
//! the request brings: nobody becomes someone less by it. Headers that claim an identity never reach
//! the component, whether or not they were believed. And the component learns issuer and subject, not
//! the credential; the token itself stays with the host, for calls that it makes in the caller's name
//! ([`Caller::bearer`]).
//!
//! The task log takes its owner from the same value ([`owner`]), so that what the component may see
//! and what the host binds cannot drift apart.
//!
//! Signatures are checked by `ring`, the one provider of cryptography here. The crate for tokens that
//! others use, `jsonwebtoken`, gave ring up for two that `deny.toml` keeps out, and checks the claims
//! only together with a signature, which one of the modes cannot have ([`cloud_run`]).
//!
//! Lifetimes: [`Authenticator`] once per process; nothing per component; [`Caller`] once per request.

mod access_tokens;
mod allow;
mod api_keys;
mod authenticator;
mod caller;
mod card;
mod claims;
mod cloud_run;
mod config;
mod credentials;
mod denied;
mod fetch;
mod flaw;
mod issuer;
mod jwt;
mod key_ring;
pub mod owner;
mod public;

pub use allow::AllowedCallers;
pub use api_keys::{ApiKeyLine, NewApiKey};
pub use authenticator::{Authenticator, NoAudience};
pub use caller::Caller;
pub use config::{
    AccessTokenConfig, ApiKeyConfig, AuthConfig, CloudRunConfig, IapConfig, IssuerConfig,
};
pub use denied::{Denial, Denied};
pub use key_ring::KeySource;

/// The longest credential that is looked at.
pub const LONGEST_TOKEN: usize = 16 << 10;
/// Who vouches for Google's accounts, in the spelling that callers are known by.
pub const GOOGLE: &str = "https://accounts.google.com";
/// The other spelling, which Google's tokens may have.
const GOOGLE_SHORT: &str = "accounts.google.com";
