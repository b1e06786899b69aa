//! A component, from its file to something that requests can be handed to.
//!
//! A `.wasm` file is compiled here; a `.cwasm` file was compiled before by `attache-host compile`
//! ([`artifact`]). Either way the component's imports are compared with what the host gives before
//! anything runs, so that a component for another host is refused with the whole list at once.

pub mod artifact;
mod contract;

pub use contract::{Exports, Refused};

use std::path::Path;

use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Why a file does not become a component.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A compiled file is damaged, or of another version.
    #[error("{path}: {source}")]
    Artifact {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: artifact::ArtifactError,
    },
    /// The file is no component, or one that the engine does not take.
    #[error("{path}: not a WebAssembly component that this host can run: {reason}")]
    Invalid {
        /// The file.
        path: String,
        /// What the engine says.
        reason: String,
    },
    /// The component asks for what the host does not give, or lacks what the host needs.
    #[error("{path}: {source}")]
    Refused {
        /// The file.
        path: String,
        /// What is wanted.
        source: Refused,
    },
}

/// Reads a `.wasm` or `.cwasm` file. Which of them it is, its content says, not its name.
///
/// # Errors
/// [`LoadError`]; its text names the file.
pub fn load(engine: &Engine, path: &Path) -> Result<(Component, Exports), LoadError> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| LoadError::Unreadable {
        path: name(),
        source,
    })?;
    let component = if artifact::is_compiled(&bytes) {
        artifact::open(engine, &bytes).map_err(|source| LoadError::Artifact {
            path: name(),
            source,
        })?
    } else {
        Component::new(engine, &bytes).map_err(|error| LoadError::Invalid {
            path: name(),
            reason: format!("{error:#}"),
        })?
    };
    let exports = contract::check(&component).map_err(|source| LoadError::Refused {
        path: name(),
        source,
    })?;
    Ok((component, exports))
}

/// Compiles `component` into the file `output`. Returns the size of what was written.
///
/// The component is checked like at a start, so that an image build fails and not the service.
///
/// # Errors
/// [`LoadError`]; its text names the file.
pub fn compile(engine: &Engine, component: &Path, output: &Path) -> Result<u64, LoadError> {
    let unreadable = |path: &Path| {
        let path = path.display().to_string();
        move |source| LoadError::Unreadable { path, source }
    };
    let name = || component.display().to_string();
    let invalid = |error: wasmtime::Error| LoadError::Invalid {
        path: name(),
        reason: format!("{error:#}"),
    };
    let bytes = std::fs::read(component).map_err(unreadable(component))?;
    if artifact::is_compiled(&bytes) {
        return Err(LoadError::Invalid {
            path: name(),
            reason: "it is compiled already; give the .wasm file".to_owned(),
        });
    }
    let compiled = Component::new(engine, &bytes).map_err(invalid)?;
    contract::check(&compiled).map_err(|source| LoadError::Refused {
        path: name(),
        source,
    })?;
    let sealed = artifact::seal(compiled.serialize().map_err(invalid)?);
    write_whole(output, &sealed).map_err(unreadable(output))?;
    Ok(sealed.len() as u64)
}

/// A reader of `path` sees the old file or the new one, never half of one, also when several
/// processes write it.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    std::fs::write(&partial, bytes)?;
    std::fs::rename(&partial, path)
}
