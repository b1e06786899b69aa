use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::endpoint::endpoint;
use super::source::{fields, text};
use super::token_cache::{Token, Wanted, access_token, id_token};
use super::{CLOUD_PLATFORM, TokenError};
use attache_jws::SigningKey;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest that Google takes, in seconds.
const HOLDS: u64 = 3600;

/// A service account with its private key.
pub(super) struct ServiceAccount {
    email: String,
    key: SigningKey,
    key_id: Option<String>,
    /// As the file has it: it is the audience of what is signed.
    token_url: String,
    token_uri: Uri,
}

#[derive(Deserialize)]
struct File {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

impl ServiceAccount {
    pub(super) fn parse(file: &Value) -> Result<Self, String> {
        let file: File = fields(file)?;
        let key = SigningKey::parse(file.private_key.as_bytes())
            .map_err(|error| format!("its private_key cannot be used: {error}"))?;
        let default = || "https://oauth2.googleapis.com/token".to_owned();
        let token_url = file.token_uri.unwrap_or_else(default);
        Ok(Self {
            email: file.client_email,
            key,
            key_id: file.private_key_id,
            token_uri: endpoint(&token_url)?,
            token_url,
        })
    }

    pub(super) async fn fetch(
        &self,
        wanted: &Wanted,
        client: &Client,
    ) -> Result<Token, TokenError> {
        let assertion = self.assertion(wanted)?;
        let form = [("grant_type", GRANT), ("assertion", &assertion)];
        let answer = client.post_form(&self.token_uri, &form).await?;
        match (wanted, text(&answer, "id_token")) {
            (Wanted::Access(_), _) => access_token(&answer),
            (Wanted::Id(_), Some(token)) => id_token(token.to_owned()),
            (Wanted::Id(_), None) => Err(TokenError::Refused(
                "the answer for a service account holds no identity token".to_owned(),
            )),
        }
    }

    /// What the account says about itself, signed.
    fn assertion(&self, wanted: &Wanted) -> Result<String, TokenError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let mut claims = json!({
            "iss": self.email,
            "sub": self.email,
            "aud": self.token_url,
            "iat": now,
            "exp": now + HOLDS,
        });
        let (name, value) = match wanted {
            Wanted::Access(scopes) if scopes.is_empty() => ("scope", CLOUD_PLATFORM.to_owned()),
            Wanted::Access(scopes) => ("scope", scopes.join(" ")),
            Wanted::Id(audience) => ("target_audience", audience.clone()),
        };
        if let Some(claims) = claims.as_object_mut() {
            claims.insert(name.to_owned(), value.into());
        }
        let mut header = json!({"alg": self.key.algorithm(), "typ": "JWT"});
        if let (Some(header), Some(id)) = (header.as_object_mut(), &self.key_id) {
            header.insert("kid".to_owned(), id.as_str().into());
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.key.sign(input.as_bytes()).map_err(|_| {
            TokenError::Refused("nothing can be signed: the machine gives no random numbers".into())
        })?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
