//! Logging in to AlloyDB as the service itself.

use std::future::Future;
use std::pin::Pin;

use attache_task_store::PasswordSource;

use crate::metadata::{Metadata, MetadataError};

/// What AlloyDB leaves out of a service account's address when it names the user.
const SUFFIX: &str = ".gserviceaccount.com";

/// The access token as a password: asked for with every new connection, and renewed before it ends.
#[derive(Debug, Clone)]
pub(super) struct IamPassword(pub(super) Metadata);

impl PasswordSource for IamPassword {
    fn password(&self) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
        Box::pin(async {
            self.0
                .access_token()
                .await
                .map_err(|error| error.to_string())
        })
    }
}

/// The name under which AlloyDB knows the service account of this process.
pub(super) async fn user(metadata: &Metadata) -> Result<String, MetadataError> {
    let email = metadata.email().await?;
    Ok(email.strip_suffix(SUFFIX).unwrap_or(&email).to_owned())
}
