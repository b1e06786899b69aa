//! Passwords that change: of AlloyDB, as the service itself, and in a mounted file.

use std::future::Future;
use std::pin::Pin;

use attache_task_store::{PasswordSource, PostgresSettings};

use crate::metadata::{Metadata, MetadataError};
use crate::secret::Secret;

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

/// A password that may have been rotated since the last connection was made.
#[derive(Debug, Clone)]
pub(crate) enum MountedPassword {
    /// The file holds it alone.
    Alone(Secret),
    /// The file holds a whole connection string.
    InUrl(Secret),
}

impl PasswordSource for MountedPassword {
    fn password(&self) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
        Box::pin(async {
            match self {
                Self::Alone(secret) => Ok(secret.newest().await.trim().to_owned()),
                Self::InUrl(secret) => {
                    let url = secret.newest().await;
                    let settings = PostgresSettings::parse_without_role(url.trim())?;
                    let password = settings.config.get_password().unwrap_or_default();
                    Ok(String::from_utf8_lossy(password).into_owned())
                }
            }
        })
    }
}

/// The name under which AlloyDB knows the service account of this process.
pub(super) async fn user(metadata: &Metadata) -> Result<String, MetadataError> {
    let email = metadata.email().await?;
    Ok(email.strip_suffix(SUFFIX).unwrap_or(&email).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_read_anew_for_each_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let url = |password: &str| format!("postgres://me:{password}@db/tasks\n");
        std::fs::write(&path, "one \n").unwrap();
        let alone = MountedPassword::Alone(Secret::in_file(&path).unwrap());
        assert_eq!(alone.password().await.as_deref(), Ok("one"));
        std::fs::write(&path, url("two")).unwrap();
        let in_url = MountedPassword::InUrl(Secret::in_file(&path).unwrap());
        assert_eq!(in_url.password().await.as_deref(), Ok("two"));
        std::fs::write(&path, url("three%21")).unwrap();
        assert_eq!(in_url.password().await.as_deref(), Ok("three!"));
        std::fs::write(&path, "no URL").unwrap();
        let refused = in_url.password().await.unwrap_err();
        assert!(!refused.contains("no URL"), "{refused}");
    }
}
