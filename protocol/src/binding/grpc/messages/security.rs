//! Ways to authenticate, as a card declares them (section 4.5).

use std::collections::BTreeMap;

use serde::Deserialize;

/// Which schemes a caller needs together, each with its scopes.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SecurityRequirement {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) schemes: BTreeMap<String, StringList>,
}

/// Scopes.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StringList {
    #[prost(string, repeated, tag = "1")]
    pub(crate) list: Vec<String>,
}

/// One way to authenticate.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(transparent)]
pub(crate) struct SecurityScheme {
    /// Exactly one.
    #[prost(oneof = "security_scheme::Scheme", tags = "1, 2, 3, 4, 5")]
    pub(crate) scheme: Option<security_scheme::Scheme>,
}

pub(crate) mod security_scheme {
    use serde::Deserialize;

    use super::{
        ApiKeySecurityScheme, HttpAuthSecurityScheme, MutualTlsSecurityScheme,
        OAuth2SecurityScheme, OpenIdConnectSecurityScheme,
    };

    /// Which one.
    #[derive(Clone, PartialEq, prost::Oneof, Deserialize)]
    pub(crate) enum Scheme {
        #[prost(message, tag = "1")]
        #[serde(rename = "apiKeySecurityScheme")]
        ApiKey(ApiKeySecurityScheme),
        #[prost(message, tag = "2")]
        #[serde(rename = "httpAuthSecurityScheme")]
        HttpAuth(HttpAuthSecurityScheme),
        #[prost(message, tag = "3")]
        #[serde(rename = "oauth2SecurityScheme")]
        Oauth2(OAuth2SecurityScheme),
        #[prost(message, tag = "4")]
        #[serde(rename = "openIdConnectSecurityScheme")]
        OpenIdConnect(OpenIdConnectSecurityScheme),
        #[prost(message, tag = "5")]
        #[serde(rename = "mtlsSecurityScheme")]
        Mtls(MutualTlsSecurityScheme),
    }
}

/// A key in a header, a query parameter or a cookie.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ApiKeySecurityScheme {
    #[prost(string, tag = "1")]
    pub(crate) description: String,
    #[prost(string, tag = "2")]
    pub(crate) location: String,
    #[prost(string, tag = "3")]
    pub(crate) name: String,
}

/// A scheme of the `Authorization` header.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HttpAuthSecurityScheme {
    #[prost(string, tag = "1")]
    pub(crate) description: String,
    #[prost(string, tag = "2")]
    pub(crate) scheme: String,
    #[prost(string, tag = "3")]
    pub(crate) bearer_format: String,
}

/// OAuth 2.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OAuth2SecurityScheme {
    #[prost(string, tag = "1")]
    pub(crate) description: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) flows: Option<OAuthFlows>,
    #[prost(string, tag = "3")]
    pub(crate) oauth2_metadata_url: String,
}

/// OpenID Connect.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OpenIdConnectSecurityScheme {
    #[prost(string, tag = "1")]
    pub(crate) description: String,
    #[prost(string, tag = "2")]
    pub(crate) open_id_connect_url: String,
}

/// TLS with a client certificate.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MutualTlsSecurityScheme {
    #[prost(string, tag = "1")]
    pub(crate) description: String,
}

/// How a token is come by.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(transparent)]
pub(crate) struct OAuthFlows {
    /// Exactly one.
    #[prost(oneof = "o_auth_flows::Flow", tags = "1, 2, 3, 4, 5")]
    pub(crate) flow: Option<o_auth_flows::Flow>,
}

pub(crate) mod o_auth_flows {
    use serde::Deserialize;

    use super::{
        AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow, DeviceCodeOAuthFlow,
        ImplicitOAuthFlow, PasswordOAuthFlow,
    };

    /// Which flow.
    #[derive(Clone, PartialEq, prost::Oneof, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) enum Flow {
        #[prost(message, tag = "1")]
        AuthorizationCode(AuthorizationCodeOAuthFlow),
        #[prost(message, tag = "2")]
        ClientCredentials(ClientCredentialsOAuthFlow),
        #[prost(message, tag = "3")]
        Implicit(ImplicitOAuthFlow),
        #[prost(message, tag = "4")]
        Password(PasswordOAuthFlow),
        #[prost(message, tag = "5")]
        DeviceCode(DeviceCodeOAuthFlow),
    }
}

/// By a code that the user brings back.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AuthorizationCodeOAuthFlow {
    #[prost(string, tag = "1")]
    pub(crate) authorization_url: String,
    #[prost(string, tag = "2")]
    pub(crate) token_url: String,
    #[prost(string, tag = "3")]
    pub(crate) refresh_url: String,
    #[prost(btree_map = "string, string", tag = "4")]
    pub(crate) scopes: BTreeMap<String, String>,
    #[prost(bool, tag = "5")]
    pub(crate) pkce_required: bool,
}

/// By the client's own credentials.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClientCredentialsOAuthFlow {
    #[prost(string, tag = "1")]
    pub(crate) token_url: String,
    #[prost(string, tag = "2")]
    pub(crate) refresh_url: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub(crate) scopes: BTreeMap<String, String>,
}

/// In the redirect itself; deprecated.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ImplicitOAuthFlow {
    #[prost(string, tag = "1")]
    pub(crate) authorization_url: String,
    #[prost(string, tag = "2")]
    pub(crate) refresh_url: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub(crate) scopes: BTreeMap<String, String>,
}

/// By the user's password; deprecated.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PasswordOAuthFlow {
    #[prost(string, tag = "1")]
    pub(crate) token_url: String,
    #[prost(string, tag = "2")]
    pub(crate) refresh_url: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub(crate) scopes: BTreeMap<String, String>,
}

/// On another device.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeviceCodeOAuthFlow {
    #[prost(string, tag = "1")]
    pub(crate) device_authorization_url: String,
    #[prost(string, tag = "2")]
    pub(crate) token_url: String,
    #[prost(string, tag = "3")]
    pub(crate) refresh_url: String,
    #[prost(btree_map = "string, string", tag = "4")]
    pub(crate) scopes: BTreeMap<String, String>,
}
