//! What opens a registry.

mod docker;

use std::fmt;

pub use docker::DockerConfig;

use crate::reference::host_of;

/// What is shown to a registry or to its token service.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user and a password, or what stands for one.
    Password {
        /// Who.
        user: String,
        /// What only they know.
        password: String,
    },
    /// A token that the token service gives others for.
    IdentityToken(String),
}

/// Without what only they know.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => write!(f, "Password({user}, ****)"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(****)"),
        }
    }
}

impl Credential {
    /// An access token of Google's, for [Artifact Registry](is_googles).
    pub fn of_google(access_token: String) -> Self {
        Self::Password {
            user: "oauth2accesstoken".to_owned(),
            password: access_token,
        }
    }
}

/// Whether a registry is Google's: Artifact Registry, also under the names of Container Registry.
pub fn is_googles(host: &str) -> bool {
    let host = host_of(host);
    host.ends_with("-docker.pkg.dev")
        || host == "docker.pkg.dev"
        || host == "gcr.io"
        || host.ends_with(".gcr.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_of_google() {
        for yes in [
            "europe-docker.pkg.dev",
            "us-east1-docker.pkg.dev:443",
            "gcr.io",
            "eu.gcr.io",
        ] {
            assert!(is_googles(yes), "{yes}");
        }
        for no in [
            "ghcr.io",
            "docker.pkg.dev.evil.test",
            "evilgcr.io",
            "pkg.dev",
            "localhost:5000",
        ] {
            assert!(!is_googles(no), "{no}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", Credential::of_google("ya29.secret".to_owned()));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
