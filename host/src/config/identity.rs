//! How callers are authenticated.

mod flags;
mod modes;

pub use flags::IdentityFlags;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Uri};

use super::{ConfigError, Environment, Platform, parse};
use crate::identity::{
    AccessTokenConfig, AllowedCallers, ApiKeyConfig, ApiKeyLine, AuthConfig, CloudRunConfig,
    GOOGLE, IapConfig, IssuerConfig, KeySource,
};

use modes::{AUTH, Modes};

const API_KEYS_FILE: &str = "ATTACHE_API_KEYS_FILE (--api-keys-file)";
const API_KEYS: &str = "ATTACHE_API_KEYS";
const API_KEY_HEADER: &str = "ATTACHE_API_KEY_HEADER (--api-key-header)";
const OIDC_ISSUER: &str = "ATTACHE_OIDC_ISSUER (--oidc-issuer)";
const OIDC_AUDIENCE: &str = "ATTACHE_OIDC_AUDIENCE (--oidc-audience)";
const OIDC_JWKS_URL: &str = "ATTACHE_OIDC_JWKS_URL (--oidc-jwks-url)";
const IAP_AUDIENCE: &str = "ATTACHE_IAP_AUDIENCE (--iap-audience)";
const IAP_JWKS_URL: &str = "ATTACHE_IAP_JWKS_URL (--iap-jwks-url)";
const CLOUD_RUN_AUDIENCE: &str = "ATTACHE_CLOUD_RUN_AUDIENCE (--cloud-run-audience)";
const CLIENT_ID: &str = "ATTACHE_GOOGLE_CLIENT_ID (--google-client-id)";
const TOKENINFO_URL: &str = "ATTACHE_GOOGLE_TOKENINFO_URL (--google-tokeninfo-url)";
const USERINFO_URL: &str = "ATTACHE_GOOGLE_USERINFO_URL (--google-userinfo-url)";
const GOOGLE_CERTS_URL: &str = "ATTACHE_GOOGLE_CERTS_URL (--google-certs-url)";
const ALLOW: &str = "ATTACHE_AUTH_ALLOW (--auth-allow)";
const SCOPES: &str = "ATTACHE_AUTH_SCOPES (--auth-scopes)";
const LEEWAY: &str = "ATTACHE_AUTH_LEEWAY (--auth-leeway)";

const IAP_KEYS: &str = "https://www.gstatic.com/iap/verify/public_key-jwk";
const GOOGLE_CERTS: &str = "https://www.googleapis.com/oauth2/v3/certs";
const TOKENINFO: &str = "https://oauth2.googleapis.com/tokeninfo";
const USERINFO: &str = "https://www.googleapis.com/oauth2/v3/userinfo";

/// Clocks that are further apart than this are wrong.
const MOST_LEEWAY: u64 = 300;

/// Checks `flags`, for a host that listens on `address`.
pub(super) fn resolve(
    flags: IdentityFlags,
    address: IpAddr,
    platform: &Platform,
    environment: &Environment,
) -> Result<AuthConfig, ConfigError> {
    let modes = Modes::parse(flags.auth, address, platform)?;
    let allow = allow(modes.common(ALLOW, flags.auth_allow)?)?;
    let scopes = scopes(modes.common(SCOPES, flags.auth_scopes)?)?;
    let google_certs = endpoint(GOOGLE_CERTS_URL, flags.google_certs_url, GOOGLE_CERTS)?;
    let api_keys = api_keys(
        &modes,
        flags.api_keys_file,
        flags.api_key_header,
        environment,
    )?;
    let (issuers, audiences) = oidc(
        &modes,
        flags.oidc_issuer,
        flags.oidc_audience,
        flags.oidc_jwks_url,
        &google_certs,
    )?;

    let iap_audiences = modes.list("iap", IAP_AUDIENCE, flags.iap_audience)?;
    let iap = if modes.has("iap") {
        Some(IapConfig {
            audiences: needed(
                iap_audiences,
                IAP_AUDIENCE,
                "iap needs to know whom its assertions are for; give \
                 /projects/NUMBER/locations/REGION/services/SERVICE, or \
                 /projects/NUMBER/global/backendServices/ID behind a load balancer",
            )?,
            keys: endpoint(IAP_JWKS_URL, flags.iap_jwks_url, IAP_KEYS)?,
        })
    } else {
        None
    };

    let run_audiences = modes.list(
        "cloud-run-iam",
        CLOUD_RUN_AUDIENCE,
        flags.cloud_run_audience,
    )?;
    let cloud_run = modes.has("cloud-run-iam").then(|| CloudRunConfig {
        audiences: run_audiences.unwrap_or_default(),
        keys: google_certs,
    });

    let client_ids = modes.list("google-access-token", CLIENT_ID, flags.google_client_id)?;
    let access_tokens = if modes.has("google-access-token") {
        Some(AccessTokenConfig {
            client_ids: needed(
                client_ids,
                CLIENT_ID,
                "google-access-token needs to know whose tokens they are, since any other service \
                 gets tokens of its users, too; give the OAuth client's id",
            )?,
            token_info: endpoint(TOKENINFO_URL, flags.google_tokeninfo_url, TOKENINFO)?,
            user_info: endpoint(USERINFO_URL, flags.google_userinfo_url, USERINFO)?,
            needs_domain: allow.has_domains(),
        })
    } else {
        None
    };
    let leeway = parse::whole_number(LEEWAY, flags.auth_leeway, 10, 0, MOST_LEEWAY)?;
    Ok(AuthConfig {
        api_keys,
        issuers,
        audiences,
        iap,
        cloud_run,
        access_tokens,
        allow,
        scopes,
        leeway: Duration::from_secs(leeway),
    })
}

fn needed(
    list: Option<Vec<String>>,
    key: &str,
    expected: &str,
) -> Result<Vec<String>, ConfigError> {
    list.filter(|list| !list.is_empty())
        .ok_or_else(|| ConfigError::missing(key, expected))
}

fn api_keys(
    modes: &Modes,
    file: Option<String>,
    header: Option<String>,
    environment: &Environment,
) -> Result<Option<ApiKeyConfig>, ConfigError> {
    let file = modes.setting("api-key", API_KEYS_FILE, file)?;
    let header = modes.setting("api-key", API_KEY_HEADER, header)?;
    let text = environment.get(API_KEYS);
    if !modes.has("api-key") {
        return match text {
            None => Ok(None),
            Some(_) => Err(ConfigError::secret(
                API_KEYS,
                format!(
                    "it is for api-key, and {AUTH} is {:?}; add api-key there, or unset it",
                    modes.given
                ),
            )),
        };
    }
    let fixed = ApiKeyLine::parse_all(text.unwrap_or_default())
        .map_err(|why| ConfigError::secret(API_KEYS, why))?;
    let in_file = match &file {
        None => Vec::new(),
        Some(path) => {
            let refused = |expected| ConfigError::new(API_KEYS_FILE, path.as_str(), expected);
            let text = std::fs::read_to_string(path)
                .map_err(|error| refused(format!("give a file that can be read ({error})")))?;
            ApiKeyLine::parse_all(&text).map_err(refused)?
        }
    };
    // A file may get its first key later.
    if fixed.is_empty() && file.is_none() {
        return Err(ConfigError::missing(
            format!("{API_KEYS_FILE} or {API_KEYS}"),
            "api-key needs keys; make one with `attache-host api-key NAME`",
        ));
    }
    let header = header.unwrap_or_else(|| "x-api-key".to_owned());
    Ok(Some(ApiKeyConfig {
        header: match HeaderName::try_from(header.as_str()) {
            Ok(name) if name != http::header::AUTHORIZATION => name,
            _ => {
                return Err(ConfigError::new(
                    API_KEY_HEADER,
                    header,
                    "give the name of a header other than Authorization, such as X-API-Key",
                ));
            }
        },
        fixed,
        file: file.map(PathBuf::from),
        in_file,
    }))
}

fn oidc(
    modes: &Modes,
    issuers: Option<String>,
    audiences: Option<String>,
    keys: Option<String>,
    google_certs: &Uri,
) -> Result<(Vec<IssuerConfig>, Vec<String>), ConfigError> {
    let issuers = modes.list("oidc", OIDC_ISSUER, issuers)?;
    let audiences = modes.list("oidc", OIDC_AUDIENCE, audiences)?;
    let keys = modes.setting("oidc", OIDC_JWKS_URL, keys)?;
    if !modes.has("oidc") {
        return Ok((Vec::new(), Vec::new()));
    }
    let issuers = needed(
        issuers,
        OIDC_ISSUER,
        "oidc needs to know whose tokens to accept; give the issuer's URL, or google",
    )?;
    let audiences = needed(
        audiences,
        OIDC_AUDIENCE,
        "oidc needs to know whom tokens have to be for, since issuers give them to others, too; give \
         the audience that clients ask for, such as the agent's URL or an OAuth client's id",
    )?;
    let keys = match keys {
        None => None,
        Some(url) if issuers.len() > 1 => {
            let expected = "it is the place of one issuer's keys, and there are several issuers";
            return Err(ConfigError::new(OIDC_JWKS_URL, url, expected));
        }
        Some(url) => Some(KeySource::Url(endpoint(OIDC_JWKS_URL, Some(url), "")?)),
    };
    let issuers = issuers.into_iter().map(|issuer| {
        if matches!(issuer.as_str(), "google" | "accounts.google.com" | GOOGLE) {
            return Ok(IssuerConfig {
                issuer: GOOGLE.to_owned(),
                keys: keys
                    .clone()
                    .unwrap_or_else(|| KeySource::Url(google_certs.clone())),
            });
        }
        let url = endpoint(OIDC_ISSUER, Some(issuer.clone()), "")?;
        if url.query().is_some() {
            let expected = "an issuer's URL has no query";
            return Err(ConfigError::new(OIDC_ISSUER, issuer, expected));
        }
        Ok(IssuerConfig {
            keys: keys
                .clone()
                .unwrap_or_else(|| KeySource::Issuer(issuer.clone())),
            issuer,
        })
    });
    Ok((issuers.collect::<Result<_, _>>()?, audiences))
}

fn allow(given: Option<String>) -> Result<AllowedCallers, ConfigError> {
    let Some(given) = parse::given(given) else {
        return Ok(AllowedCallers::default());
    };
    AllowedCallers::parse(&given).map_err(|expected| ConfigError::new(ALLOW, given, expected))
}

fn scopes(given: Option<String>) -> Result<Vec<String>, ConfigError> {
    let given = parse::given(given).unwrap_or_default();
    let scopes = given.split([',', ' ']).filter(|scope| !scope.is_empty());
    // They are repeated in a quoted header.
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
    if !scopes.clone().all(|scope| scope.bytes().all(fits)) {
        let expected = "give scopes, with commas between them and no quotation marks";
        return Err(ConfigError::new(SCOPES, given, expected));
    }
    Ok(scopes.map(str::to_owned).collect())
}

/// A URL that credentials are checked by.
fn endpoint(key: &str, given: Option<String>, default: &str) -> Result<Uri, ConfigError> {
    let given = parse::given(given).unwrap_or_else(|| default.to_owned());
    match given.parse::<Uri>() {
        Ok(url) if may_be_asked(&url) => Ok(url),
        _ => Err(ConfigError::new(
            key,
            given,
            "give an https URL; http is for this machine alone, since who answers decides who may call",
        )),
    }
}

/// Whether a URL can be believed: over TLS, or on this machine.
pub(crate) fn may_be_asked(url: &Uri) -> bool {
    let Some(authority) = url.authority().filter(|a| !a.as_str().contains('@')) else {
        return false;
    };
    let host = authority.host().trim_matches(['[', ']']);
    let is_here = || {
        let address = host.parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    match url.scheme_str() {
        Some("https") => true,
        Some("http") => is_here(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
