use std::path::{Path, PathBuf};

use async_trait::async_trait;
use attache_registry::{Credential, DockerConfig, Keyring, Login, is_googles};

use crate::failure::{Exit, Failure};
use crate::google::{Flags, Google};
use crate::terminal::Terminal;

/// What was given on the command line; else what Docker would show; else, to Google's registries, a token
/// of Google's; else nothing.
pub(super) struct CliKeyring {
    given: Option<Credential>,
    docker: DockerConfig,
    terminal: Terminal,
}

impl CliKeyring {
    pub(super) fn new(given: Option<Credential>, terminal: Terminal) -> Result<Self, Failure> {
        let docker = match (&given, docker_config()) {
            (None, Some(path)) => DockerConfig::read(&path).map_err(|why| {
                Failure::new(Exit::Data, why)
                    .remedy("mend it, or name another folder in DOCKER_CONFIG")
            })?,
            _ => DockerConfig::default(),
        };
        Ok(Self {
            given,
            docker,
            terminal,
        })
    }
}

fn docker_config() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = match (variable("DOCKER_CONFIG"), variable("HOME")) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, home) => Path::new(&home?).join(".docker"),
    };
    Some(folder.join("config.json"))
}

#[async_trait]
impl Keyring for CliKeyring {
    async fn login(&self, host: &str) -> Result<Option<Login>, String> {
        let login = |credential| Login {
            credential,
            is_for_host_only: false,
        };
        let own = self.given.as_ref().or(self.docker.credential(host));
        if let Some(credential) = own {
            return Ok(Some(login(credential.clone())));
        }
        match self.docker.ask_helper(host).await {
            Ok(Some(credential)) => return Ok(Some(login(credential))),
            Ok(None) => {}
            // gcloud's own helper may be configured where only gcloud is left.
            Err(why) if !is_googles(host) => return Err(why),
            Err(_) => {}
        }
        if !is_googles(host) {
            return Ok(None);
        }
        // What is public there can be had without.
        let Ok(google) = Google::new(&Flags::default(), &self.terminal) else {
            return Ok(None);
        };
        let token = google.access_token().await.ok();
        Ok(token.map(|token| Login {
            credential: Credential::of_google(token.reveal().to_owned()),
            is_for_host_only: true,
        }))
    }
}
