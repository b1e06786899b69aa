use async_trait::async_trait;
use attache_registry::{Credential, DockerConfig, Keyring, Login, is_googles};
use tracing::warn;

use crate::google::Google;

/// What the process shows to registries: what Docker's configuration holds for one; to Google's own, a
/// token of the account that the process runs as; to others nothing.
pub(super) struct HostKeyring {
    docker: DockerConfig,
    google: Google,
}

impl HostKeyring {
    pub(super) fn new(docker: DockerConfig, google: Google) -> Self {
        Self { docker, google }
    }
}

#[async_trait]
impl Keyring for HostKeyring {
    async fn login(&self, host: &str) -> Result<Option<Login>, String> {
        if let Some(credential) = self.docker.credential(host) {
            return Ok(Some(Login {
                credential: credential.clone(),
                is_for_host_only: false,
            }));
        }
        if is_googles(host) {
            return Ok(match self.google.access_token(&[]).await {
                Ok(token) => Some(Login {
                    credential: Credential::of_google(token),
                    is_for_host_only: true,
                }),
                // What is public there can be had all the same.
                Err(error) => {
                    warn!("{host} is asked without credentials: {error}");
                    None
                }
            });
        }
        match self.docker.helper(host) {
            // A program beside the host could do whatever the host can.
            Some(helper) => Err(format!(
                "Docker's configuration keeps the credential for {host} in the helper {helper:?}, and \
                 the host runs no programs; put the credential itself under \"auths\""
            )),
            None => Ok(None),
        }
    }
}
