use serde_json::{Map, Value, json};

use super::GOOGLE;
use super::config::{AuthConfig, IssuerConfig};
use super::key_ring::KeySource;

const AUTHORIZATION_URL: &str = "https://accounts.google.com/o/oauth2/v2/auth";
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

impl AuthConfig {
    /// What the agent card has to say of this, in the form of A2A 1.0: `securitySchemes`, and
    /// `securityRequirements` of which each is enough. None when nobody is asked who they are, which
    /// leaves to the agent what its card says.
    pub fn security(&self) -> Option<String> {
        if self.is_open() {
            return None;
        }
        let mut schemes = Map::new();
        let mut requirements = Vec::new();
        for (name, scheme, scopes) in self.schemes() {
            let list = if scopes.is_empty() {
                json!({})
            } else {
                json!({ "list": scopes })
            };
            let mut needed = Map::new();
            needed.insert(name.clone(), list);
            requirements.push(json!({ "schemes": needed }));
            schemes.insert(name, scheme);
        }
        let security = json!({ "securitySchemes": schemes, "securityRequirements": requirements });
        Some(security.to_string())
    }

    fn schemes(&self) -> Vec<(String, Value, Vec<String>)> {
        let mut schemes = Vec::new();
        let mut add = |name: &str, scheme, scopes: &[String]| {
            schemes.push((name.to_owned(), scheme, scopes.to_vec()));
        };
        if self.access_tokens.is_some() {
            let mut scopes = vec!["openid".to_owned()];
            scopes.extend(self.scopes.iter().filter(|s| *s != "openid").cloned());
            add("googleOAuth", google_oauth(&scopes), &scopes);
        }
        for (index, issuer) in self.issuers.iter().enumerate() {
            let name = match (issuer.issuer.as_str(), index) {
                (GOOGLE, _) => "google".to_owned(),
                (_, 0) => "oidc".to_owned(),
                (_, index) => format!("oidc{}", index + 1),
            };
            add(&name, open_id(issuer), &self.scopes);
        }
        if let Some(api_keys) = &self.api_keys {
            let scheme = json!({ "apiKeySecurityScheme": {
                "description": "A key from the operator of this agent.",
                "location": "header",
                "name": shown_header(api_keys.header.as_str()),
            }});
            add("apiKey", scheme, &[]);
        }
        if self.iap.is_some() {
            let told = "A Google-signed ID token for Identity-Aware Proxy, which is in front.";
            add("iap", bearer(told), &[]);
        }
        if self.cloud_run.is_some() {
            let told =
                "A Google-signed ID token of a caller who may invoke this Cloud Run service.";
            add("cloudRunIam", bearer(told), &[]);
        }
        schemes
    }
}

fn bearer(told: &str) -> Value {
    json!({ "httpAuthSecurityScheme": {
        "description": told, "scheme": "Bearer", "bearerFormat": "JWT",
    }})
}

fn open_id(issuer: &IssuerConfig) -> Value {
    let described = matches!(issuer.keys, KeySource::Issuer(_)) || issuer.issuer == GOOGLE;
    if !described {
        return bearer(&format!("A token of {}.", issuer.issuer));
    }
    let issuer = issuer.issuer.trim_end_matches('/');
    json!({ "openIdConnectSecurityScheme": {
        "openIdConnectUrl": format!("{issuer}/.well-known/openid-configuration"),
    }})
}

fn google_oauth(scopes: &[String]) -> Value {
    let told = |scope: &str| match scope {
        "openid" => "Know who you are",
        "email" => "See your e-mail address",
        _ => "Needed by this agent",
    };
    let scopes: Map<String, Value> = scopes
        .iter()
        .map(|scope| (scope.clone(), told(scope).into()))
        .collect();
    json!({ "oauth2SecurityScheme": { "flows": { "authorizationCode": {
        "authorizationUrl": AUTHORIZATION_URL, "tokenUrl": TOKEN_URL, "scopes": scopes,
    }}}})
}

/// Header names are kept in lower case; people know this one in another.
pub(super) fn shown_header(name: &str) -> &str {
    if name == "x-api-key" {
        "X-API-Key"
    } else {
        name
    }
}
