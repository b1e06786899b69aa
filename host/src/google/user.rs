use http::Uri;
use serde::Deserialize;

use super::TokenError;
use super::client::Client;
use super::endpoint::endpoint;
use super::source::fields;
use super::token_cache::{Token, Wanted, access_token};

/// A person, who has let gcloud act for them.
pub(super) struct User {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    quota_project: Option<String>,
    token_uri: Uri,
}

#[derive(Deserialize)]
struct File {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    quota_project_id: Option<String>,
    token_uri: Option<String>,
}

impl User {
    pub(super) fn parse(file: &serde_json::Value) -> Result<Self, String> {
        let file: File = fields(file)?;
        let token_uri = file.token_uri.as_deref();
        Ok(Self {
            token_uri: endpoint(token_uri.unwrap_or("https://oauth2.googleapis.com/token"))?,
            client_id: file.client_id,
            client_secret: file.client_secret,
            refresh_token: file.refresh_token,
            quota_project: file.quota_project_id,
        })
    }

    pub(super) fn quota_project(&self) -> Option<&str> {
        self.quota_project.as_deref()
    }

    pub(super) async fn fetch(
        &self,
        wanted: &Wanted,
        client: &Client,
    ) -> Result<Token, TokenError> {
        let Wanted::Access(scopes) = wanted else {
            return Err(TokenError::Refused(
                "a person's credentials give no identity token for a service; use a service account, \
                 or `gcloud auth application-default login --impersonate-service-account=...`"
                    .to_owned(),
            ));
        };
        let scope = scopes.join(" ");
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("refresh_token", &self.refresh_token),
        ];
        // Without it the token is for all that the person agreed to.
        if !scope.is_empty() {
            form.push(("scope", &scope));
        }
        access_token(&client.post_form(&self.token_uri, &form).await?)
    }
}
