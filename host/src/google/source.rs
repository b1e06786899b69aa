use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::account::ServiceAccount;
use super::client::Client;
use super::impersonated::Impersonated;
use super::token_cache::{Token, Wanted};
use super::user::User;
use super::{TokenError, token_cache};
use crate::metadata::Metadata;

/// Whoever gives tokens.
pub(super) enum Source {
    Metadata,
    User(User),
    ServiceAccount(ServiceAccount),
    Impersonated(Impersonated),
}

impl Source {
    /// Reads a file of credentials.
    pub(super) fn parse(file: &Value) -> Result<Self, String> {
        match text(file, "type") {
            Some("authorized_user") => User::parse(file).map(Self::User),
            Some("service_account") => ServiceAccount::parse(file).map(Self::ServiceAccount),
            Some("impersonated_service_account") => {
                Impersonated::parse(file).map(Self::Impersonated)
            }
            Some(other) => Err(format!(
                "its type is {other:?}; give credentials of the type authorized_user, \
                 service_account or impersonated_service_account"
            )),
            None => Err("give a file of credentials that names their type".to_owned()),
        }
    }

    pub(super) fn quota_project(&self) -> Option<&str> {
        match self {
            Self::User(user) => user.quota_project(),
            Self::Metadata | Self::ServiceAccount(_) | Self::Impersonated(_) => None,
        }
    }

    pub(super) async fn fetch(
        &self,
        wanted: &Wanted,
        metadata: &Metadata,
        client: &Client,
    ) -> Result<Token, TokenError> {
        match (self, wanted) {
            (Self::Metadata, Wanted::Access(scopes)) => {
                let (value, lasts) = metadata.new_access_token(scopes).await?;
                Ok(Token::lasting(value, lasts))
            }
            (Self::Metadata, Wanted::Id(audience)) => {
                token_cache::id_token(metadata.identity_token(audience).await?)
            }
            (Self::User(user), wanted) => user.fetch(wanted, client).await,
            (Self::ServiceAccount(account), wanted) => account.fetch(wanted, client).await,
            // Its source is one of these, and could be another of its own kind.
            (Self::Impersonated(account), wanted) => {
                Box::pin(account.fetch(wanted, metadata, client)).await
            }
        }
    }
}

/// Without tokens and keys.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "Metadata",
            Self::User(_) => "User",
            Self::ServiceAccount(_) => "ServiceAccount",
            Self::Impersonated(_) => "Impersonated",
        })
    }
}

/// A text of a JSON object.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// The fields of a file. What a parser says could quote a secret, so only the type is named.
pub(super) fn fields<T: DeserializeOwned>(file: &Value) -> Result<T, String> {
    T::deserialize(file).map_err(|_| {
        format!(
            "a field of {} is missing or of the wrong type",
            text(file, "type").unwrap_or("this type")
        )
    })
}
