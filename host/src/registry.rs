//! Components from OCI registries (`oci://HOST/REPOSITORY:TAG`, `…@sha256:…`).
//!
//! A tag is resolved when the component is loaded, and again when somebody asks for a new one; from then
//! on the artifact is named by its digest, which is compared with what comes. With a public key
//! configured, an artifact without a signature of that key is refused before anything of it is loaded;
//! compiled code from a registry is refused without one.
//!
//! Registries are asked over the host's own way out ([`way_out`]) with credentials of Docker's
//! configuration or, for Artifact Registry, of the account that the process runs as ([`keyring`]). What
//! came is kept beside compiled components, where those are kept ([`kept`]).
//!
//! Lifetimes: [`Registry`] once per process.

mod kept;
mod keyring;
mod way_out;

use std::sync::Arc;
use std::time::Duration;

use attache_registry::{Client, Digest, DockerConfig, Error, Limits, PublicKey, Reference};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::info;

use crate::component::{Bytes, Cache, Content, LoadError};
use crate::google::Google;
use crate::outbound::Network;
use kept::KeptInFolder;
use keyring::HostKeyring;
use way_out::WayOut;

/// How registries are asked.
#[derive(Debug, Clone, Default)]
pub struct RegistryConfig {
    /// What Docker's configuration says of credentials.
    pub docker: DockerConfig,
    /// Whose signature a component has to have.
    pub key: Option<PublicKey>,
    /// How often tags are resolved again; none is only when somebody asks.
    pub poll: Option<Duration>,
    /// For a whole pull.
    pub time: Option<Duration>,
}

/// What asks registries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry {
    client: Client,
    key: Option<PublicKey>,
}

impl Registry {
    /// Opens nothing yet.
    pub fn new(config: RegistryConfig, google: Google, network: Network, cache: &Cache) -> Self {
        let default = Limits::default();
        let limits = Limits {
            time: config.time.unwrap_or(default.time),
            ..default
        };
        let kept = cache.folder().map(KeptInFolder::new);
        let client = Client::new(
            Arc::new(WayOut::new(network)),
            Arc::new(HostKeyring::new(config.docker, google)),
            kept.map(|kept| Arc::new(kept) as _),
            limits,
        );
        Self {
            client,
            key: config.key,
        }
    }

    /// The component that `reference` names now. None when that is one of the artifacts `seen`.
    ///
    /// # Errors
    /// [`LoadError`]: it cannot be had, is not what its digest says, or is not signed.
    pub async fn read(
        &self,
        reference: &Reference,
        seen: &[Digest],
    ) -> Result<Option<Content>, LoadError> {
        // A digest is the same for ever: nobody has to be asked.
        if reference
            .digest()
            .is_some_and(|digest| seen.contains(digest))
        {
            return Ok(None);
        }
        let found = self.client.find(reference).await?;
        if seen.contains(found.digest()) {
            return Ok(None);
        }
        match &self.key {
            Some(key) => self.client.verify(&found, key).await?,
            None if found.is_compiled() => return Err(untrusted(&found.reference().to_string())),
            None => {}
        }
        let bytes = self.client.component(&found, &|_, _| ()).await?;
        let name = format!("oci://{}", found.reference());
        // What it is, its content says, and not its media type.
        if self.key.is_none() && crate::component::artifact::is_compiled(&bytes) {
            return Err(untrusted(&found.reference().to_string()));
        }
        info!(
            registry = reference.host(),
            artifact = %found.digest(),
            signed = self.key.is_some(),
            "{reference} is {}",
            found.digest()
        );
        let written_at = found
            .created()
            .and_then(|created| OffsetDateTime::parse(created, &Rfc3339).ok())
            .and_then(|created| u64::try_from(created.unix_timestamp()).ok());
        Ok(Some(Content {
            name,
            bytes: Bytes::Memory(bytes),
            written_at,
            artifact: Some(*found.digest()),
        }))
    }
}

fn untrusted(reference: &str) -> LoadError {
    LoadError::Untrusted {
        path: format!("oci://{reference}"),
    }
}

/// Whether it is the registry that keeps a component from being loaded, and not the component.
pub fn is_out_of_reach(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. }
        | Error::Denied { .. }
        | Error::Answer { .. }
        | Error::Credentials(_) => true,
        Error::NotFound { .. }
        | Error::NotAComponent { .. }
        | Error::WrongDigest { .. }
        | Error::TooLarge { .. }
        | Error::Unsigned { .. } => false,
    }
}
