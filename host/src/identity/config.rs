use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Uri};

use super::allow::AllowedCallers;
use super::api_keys::ApiKeyLine;
use super::key_ring::KeySource;

/// How callers are authenticated. Without any of the ways everybody may call, and is anonymous.
#[derive(Debug, Clone, Default)]
pub struct AuthConfig {
    /// By keys that the operator gave them.
    pub api_keys: Option<ApiKeyConfig>,
    /// By tokens of these issuers.
    pub issuers: Vec<IssuerConfig>,
    /// Whom these tokens have to be for.
    pub audiences: Vec<String>,
    /// By Identity-Aware Proxy, in front.
    pub iap: Option<IapConfig>,
    /// By Cloud Run, in front.
    pub cloud_run: Option<CloudRunConfig>,
    /// By access tokens of Google.
    pub access_tokens: Option<AccessTokenConfig>,
    /// Whom of all these the agent is for. Holders of API keys are, because they have one.
    pub allow: AllowedCallers,
    /// What tokens of issuers and access tokens have to permit, all of it.
    pub scopes: Vec<String>,
    /// How far the clock of an issuer may be off.
    pub leeway: Duration,
}

/// Keys that the operator gave to callers.
#[derive(Debug, Clone)]
pub struct ApiKeyConfig {
    /// The header that has the key.
    pub header: HeaderName,
    /// Keys for as long as the process lives.
    pub fixed: Vec<ApiKeyLine>,
    /// A file of further keys, which may change.
    pub file: Option<PathBuf>,
    /// What it had at the start.
    pub in_file: Vec<ApiKeyLine>,
}

/// An OpenID provider.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub keys: KeySource,
}

/// Identity-Aware Proxy.
#[derive(Debug, Clone)]
pub struct IapConfig {
    /// Whom its assertions have to be for.
    pub audiences: Vec<String>,
    /// Where its keys are.
    pub keys: Uri,
}

/// The check of Cloud Run.
#[derive(Debug, Clone)]
pub struct CloudRunConfig {
    /// Whom its tokens have to be for; empty for the agent's own URL.
    pub audiences: Vec<String>,
    /// Where Google's keys are, for tokens that come with a signature.
    pub keys: Uri,
}

/// Opaque tokens of Google.
#[derive(Debug, Clone)]
pub struct AccessTokenConfig {
    /// The OAuth clients whose tokens they have to be.
    pub client_ids: Vec<String>,
    /// Where to ask about a token.
    pub token_info: Uri,
    /// Where to ask about its account.
    pub user_info: Uri,
    /// The domain of the account is needed.
    pub needs_domain: bool,
}

impl AuthConfig {
    /// Nobody is asked who they are.
    pub fn is_open(&self) -> bool {
        self.api_keys.is_none() && self.iap.is_none() && !self.reads_authorization()
    }

    /// One of the ways has its credential in `Authorization`.
    pub fn reads_authorization(&self) -> bool {
        !self.issuers.is_empty() || self.cloud_run.is_some() || self.access_tokens.is_some()
    }
}
