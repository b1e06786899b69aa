use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::client::Client;
use super::endpoint::endpoint;
use super::source::{Source, fields, text};
use super::token_cache::{Token, Wanted, id_token};
use super::{CLOUD_PLATFORM, TokenError};
use crate::metadata::Metadata;

const ACCESS: &str = ":generateAccessToken";
const ID: &str = ":generateIdToken";

/// A service account that somebody else may act as.
pub(super) struct Impersonated {
    source: Box<Source>,
    delegates: Vec<String>,
    access_uri: Uri,
    id_uri: Uri,
}

#[derive(Deserialize)]
struct File {
    service_account_impersonation_url: String,
    #[serde(default)]
    delegates: Vec<String>,
    source_credentials: Value,
}

impl Impersonated {
    pub(super) fn parse(file: &Value) -> Result<Self, String> {
        let file: File = fields(file)?;
        if text(&file.source_credentials, "type") == Some("impersonated_service_account") {
            return Err(
                "its source_credentials act as somebody else in turn; name the delegates \
                        in delegates"
                    .to_owned(),
            );
        }
        let source = Source::parse(&file.source_credentials)
            .map_err(|why| format!("its source_credentials: {why}"))?;
        let url = file.service_account_impersonation_url;
        let account = url.strip_suffix(ACCESS).ok_or_else(|| {
            format!("its service_account_impersonation_url does not end in {ACCESS}")
        })?;
        Ok(Self {
            source: Box::new(source),
            delegates: file.delegates,
            access_uri: endpoint(&url)?,
            id_uri: endpoint(&format!("{account}{ID}"))?,
        })
    }

    pub(super) async fn fetch(
        &self,
        wanted: &Wanted,
        metadata: &Metadata,
        client: &Client,
    ) -> Result<Token, TokenError> {
        let platform = Wanted::Access(vec![CLOUD_PLATFORM.to_owned()]);
        let own = self.source.fetch(&platform, metadata, client).await?;
        let delegates = &self.delegates;
        match wanted {
            Wanted::Access(scopes) => {
                let everything = [CLOUD_PLATFORM.to_owned()];
                let scope = if scopes.is_empty() {
                    &everything
                } else {
                    &**scopes
                };
                let body = json!({"scope": scope, "delegates": delegates, "lifetime": "3600s"});
                let answer = client.post_json(&self.access_uri, own.value(), &body);
                of_access(&answer.await?)
            }
            Wanted::Id(audience) => {
                let body =
                    json!({"audience": audience, "delegates": delegates, "includeEmail": true});
                let answer = client.post_json(&self.id_uri, own.value(), &body).await?;
                match text(&answer, "token") {
                    Some(token) => id_token(token.to_owned()),
                    None => Err(no_token()),
                }
            }
        }
    }
}

fn of_access(answer: &Value) -> Result<Token, TokenError> {
    let expires = text(answer, "expireTime");
    let expires = expires.and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok());
    match (text(answer, "accessToken"), expires) {
        (Some(token), Some(expires)) => {
            Ok(Token::until(token.to_owned(), expires.unix_timestamp()))
        }
        _ => Err(no_token()),
    }
}

fn no_token() -> TokenError {
    TokenError::Refused("the answer about an impersonated account holds no token".to_owned())
}
