use std::time::{Duration, Instant};

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
        match self.new_access_token().await {
            Ok((token, until)) => {
                kept.token = Some((token.clone(), until));
                Ok(token)
            }
            Err(error) => {
                kept.failed = Some((error.clone(), Instant::now()));
                Err(error)
            }
        }
    }

    async fn new_access_token(&self) -> Result<(String, Instant), MetadataError> {
        let asked = Instant::now();
        let text = self.ask(TOKEN, "", PATIENCE_FOR_TOKENS).await?;
        // What a parser says could quote the token.
        let answer: Answer = serde_json::from_str(&text)
            .map_err(|_| self.error(TOKEN, "its answer is not an access token"))?;
        let lasts = Duration::from_secs(answer.expires_in).saturating_sub(MARGIN);
        Ok((answer.access_token, asked + lasts))
    }
}
