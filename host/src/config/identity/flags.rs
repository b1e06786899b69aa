use clap::Args;

/// The flags of `serve` about callers, as text.
#[derive(Debug, Default, Args)]
pub struct IdentityFlags {
    /// How callers are authenticated: none, or one or several of api-key, oidc, iap, cloud-run-iam and
    /// google-access-token, with commas between them; one that a caller has is enough. [default: none
    /// where only this machine can call; else it has to be set]
    #[arg(
        long,
        env = "ATTACHE_AUTH",
        hide_env_values = true,
        value_name = "MODES"
    )]
    pub auth: Option<String>,

    /// File of API keys, a line `NAME:sha256:HEX` each, as `attache-host api-key NAME` makes them. Read
    /// again when it changes. [default: none]
    #[arg(
        long,
        env = "ATTACHE_API_KEYS_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub api_keys_file: Option<String>,

    /// Header that has the API key. [default: X-API-Key, where api-key is a mode]
    #[arg(
        long,
        env = "ATTACHE_API_KEY_HEADER",
        hide_env_values = true,
        value_name = "NAME"
    )]
    pub api_key_header: Option<String>,

    /// Issuers of tokens, with commas between them; google for Google's ID tokens. [default: none]
    #[arg(
        long,
        env = "ATTACHE_OIDC_ISSUER",
        hide_env_values = true,
        value_name = "URLS"
    )]
    pub oidc_issuer: Option<String>,

    /// Whom their tokens have to be for, with commas between them. [default: none]
    #[arg(
        long,
        env = "ATTACHE_OIDC_AUDIENCE",
        hide_env_values = true,
        value_name = "NAMES"
    )]
    pub oidc_audience: Option<String>,

    /// Where the keys of the one issuer are. [default: where its openid-configuration says]
    #[arg(
        long,
        env = "ATTACHE_OIDC_JWKS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub oidc_jwks_url: Option<String>,

    /// Whom the assertions of Identity-Aware Proxy have to be for, with commas between them:
    /// /projects/NUMBER/locations/REGION/services/SERVICE, or /projects/NUMBER/global/backendServices/ID.
    /// [default: none]
    #[arg(
        long,
        env = "ATTACHE_IAP_AUDIENCE",
        hide_env_values = true,
        value_name = "NAMES"
    )]
    pub iap_audience: Option<String>,

    /// Where the keys of Identity-Aware Proxy are. [default:
    /// https://www.gstatic.com/iap/verify/public_key-jwk]
    #[arg(
        long,
        env = "ATTACHE_IAP_JWKS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub iap_jwks_url: Option<String>,

    /// Whom the tokens that Cloud Run checked have to be for, with commas between them. [default: the
    /// service's URL]
    #[arg(
        long,
        env = "ATTACHE_CLOUD_RUN_AUDIENCE",
        hide_env_values = true,
        value_name = "NAMES"
    )]
    pub cloud_run_audience: Option<String>,

    /// OAuth clients whose access tokens are accepted, with commas between them. [default: none]
    #[arg(
        long,
        env = "ATTACHE_GOOGLE_CLIENT_ID",
        hide_env_values = true,
        value_name = "IDS"
    )]
    pub google_client_id: Option<String>,

    /// Where Google tells about access tokens. [default: https://oauth2.googleapis.com/tokeninfo]
    #[arg(
        long,
        env = "ATTACHE_GOOGLE_TOKENINFO_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub google_tokeninfo_url: Option<String>,

    /// Where Google tells about their accounts, which is asked for @domains of --auth-allow. [default:
    /// https://www.googleapis.com/oauth2/v3/userinfo]
    #[arg(
        long,
        env = "ATTACHE_GOOGLE_USERINFO_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub google_userinfo_url: Option<String>,

    /// Where the keys of Google's ID tokens are. [default: https://www.googleapis.com/oauth2/v3/certs]
    #[arg(
        long,
        env = "ATTACHE_GOOGLE_CERTS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub google_certs_url: Option<String>,

    /// Whom the agent is for: addresses, @domains and sub:SUBJECT, with commas between them. Holders of
    /// API keys are in any case. [default: everybody who is known]
    #[arg(
        long,
        env = "ATTACHE_AUTH_ALLOW",
        hide_env_values = true,
        value_name = "CALLERS"
    )]
    pub auth_allow: Option<String>,

    /// Scopes that tokens of oidc and google-access-token have to have, all of them, with commas between
    /// them. [default: none]
    #[arg(
        long,
        env = "ATTACHE_AUTH_SCOPES",
        hide_env_values = true,
        value_name = "SCOPES"
    )]
    pub auth_scopes: Option<String>,

    /// Seconds that the clocks of issuers may be off, up to 300. [default: 10]
    #[arg(
        long,
        env = "ATTACHE_AUTH_LEEWAY",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub auth_leeway: Option<String>,
}
