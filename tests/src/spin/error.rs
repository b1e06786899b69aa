use std::path::PathBuf;

/// Why an application cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum SpinError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest is not one that Spin would accept, or asks for more than this harness serves.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting is not acceptable.
    #[error("{0}")]
    Setting(String),
    /// Component and dependencies do not fit together.
    #[error("cannot compose the component with its dependencies: {0}")]
    Compose(String),
    /// The component needs what Spin does not have.
    #[error(
        "Spin 4.0.2 cannot link this component; it imports what Spin does not offer: {}",
        imports.join(", ")
    )]
    Imports {
        /// The names of the imports, with the reason where the name alone does not tell.
        imports: Vec<String>,
    },
    /// The component does not compile, link, or export a handler.
    #[error("{0}")]
    Component(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The runtime could not be started.
    #[error("cannot start the runtime: {0}")]
    Runtime(std::io::Error),
}
