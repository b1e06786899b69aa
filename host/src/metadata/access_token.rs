use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{Metadata, MetadataError, PATIENCE_FOR_TOKENS, TOKEN};

/// A token is not used in its last minute: it has to outlive the call that it goes with.
const MARGIN: Duration = Duration::from_secs(60);

/// What was asked for last.
#[derive(Default)]
pub(super) struct Kept {
    token: Option<(String, Instant)>,
    failed: Option<(MetadataError, Instant)>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

impl Metadata {
    /// An access token of the service account that the process runs as. The same one until a minute
    /// before it ends; those who ask while a new one is on its way wait for that one.
    ///
    /// # Errors
    /// [`MetadataError`], after five seconds at the latest.
    pub async fn access_token(&self) -> Result<String, MetadataError> {
        let asked = Instant::now();
        let mut kept = self.0.access_token.lock().await;
        if let Some((token, until)) = &kept.token
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        // Whoever waited while it failed has the answer, instead of failing one after the other.
        if let Some((error, at)) = &kept.failed
            && *at >= asked
        {
            return Err(error.clone());
        }
        let now = Instant::now();
        match self.new_access_token(&[]).await {
            Ok((token, lasts)) => {
                let until = now + lasts.saturating_sub(MARGIN);
                kept.token = Some((token.clone(), until));
                Ok(token)
            }
            Err(error) => {
                kept.failed = Some((error.clone(), Instant::now()));
                Err(error)
            }
        }
    }

    /// A new access token for these scopes (for what the account has when there are none), and for how
    /// long it is valid.
    pub(crate) async fn new_access_token(
        &self,
        scopes: &[String],
    ) -> Result<(String, Duration), MetadataError> {
        let query = match scopes {
            [] => String::new(),
            scopes => {
                let scopes = scopes.join(",");
                format!("?scopes={}", utf8_percent_encode(&scopes, NON_ALPHANUMERIC))
            }
        };
        let text = self.ask(TOKEN, &query, PATIENCE_FOR_TOKENS).await?;
        // What a parser says could quote the token.
        let answer: Answer = serde_json::from_str(&text)
            .map_err(|_| self.error(TOKEN, "its answer is not an access token"))?;
        Ok((answer.access_token, Duration::from_secs(answer.expires_in)))
    }
}
