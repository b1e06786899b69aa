use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use crate::agent::{RehearsalError, ReloadError};
use crate::component::LoadError;
use crate::dispatch::NotUsable;
use crate::identity::NoAudience;
use crate::registry::is_out_of_reach;
use crate::tasks::OpenError;
use crate::telemetry;

/// Why the host does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The component cannot be used.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// The task log cannot be used.
    #[error(transparent)]
    Tasks(#[from] OpenError),
    /// The address is taken, or not this machine's.
    #[error(
        "cannot listen on {address}: {source}; PORT (--port) and ATTACHE_HOST (--host) choose \
         another"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The address of the admin port is taken, or not this machine's.
    #[error(
        "cannot listen on {address} for admin: {source}; ATTACHE_ADMIN_ADDRESS (--admin-address) \
         chooses another"
    )]
    Admin {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Traces and metrics cannot be exported.
    #[error(transparent)]
    Telemetry(#[from] telemetry::StartError),
    /// The component loads, and does not do what it is for.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    /// There is a key, and no URL in whose name it could sign.
    #[error(
        "{0} cannot be signed, because the public URL could not be found out; set \
         ATTACHE_PUBLIC_URL (--public-url), or unset the key for that"
    )]
    UnknownUrl(&'static str),
    /// The queue that is configured cannot be used.
    #[error(transparent)]
    Queue(#[from] NotUsable),
    /// Callers cannot be authenticated.
    #[error(transparent)]
    Callers(#[from] NoAudience),
    /// The engine cannot be set up.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
}

impl From<ReloadError> for StartError {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Load(error) => error.into(),
            ReloadError::Rehearsal(error) => error.into(),
            error @ (ReloadError::NoCard | ReloadError::Failed(_) | ReloadError::Elsewhere(_)) => {
                Self::Engine(error.to_string())
            }
        }
    }
}

impl StartError {
    /// The status that the process ends with.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Component(LoadError::Registry(error)) if is_out_of_reach(error) => 69,
            Self::Component(_) | Self::Rehearsal(RehearsalError::Card { .. }) => 65,
            Self::Tasks(_)
            | Self::Listen { .. }
            | Self::Admin { .. }
            | Self::Telemetry(_)
            | Self::Rehearsal(RehearsalError::Instance(_))
            | Self::UnknownUrl(_)
            | Self::Queue(_)
            | Self::Callers(_)
            | Self::Engine(_) => 69,
        }
    }
}
