//! A component, from its file to something that requests can be handed to.
//!
//! A `.wasm` file is compiled here; a `.cwasm` file was compiled before by `attache-host compile`
//! ([`artifact`]). Either way the component's imports are compared with what the host gives before
//! anything runs, so that a component for another host is refused with the whole list at once.

pub mod artifact;
mod cache;
mod contract;
mod digest;
mod origin;

pub use cache::Cache;
pub use contract::{Exports, Refused};
pub use digest::ComponentDigest;
pub use origin::{Bytes, Content, Origin, SCHEME};

use std::fs::File;
use std::io::Read;
use std::path::Path;

use thiserror::Error;
use tracing::debug;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::{Drafts, NO_COMPILER};

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
    /// The file would have to be compiled first, and this build has no compiler.
    #[error("{path}: {NO_COMPILER}")]
    NotCompiled {
        /// The file.
        path: String,
    },
    /// A registry did not give it, or gave something else.
    #[error(transparent)]
    Registry(#[from] attache_registry::Error),
    /// Machine code that anybody may have put into a registry.
    #[error(
        "{path}: this is compiled code, which is taken from a registry only with a signature; set \
         ATTACHE_COMPONENT_KEY, or push the .wasm file, which is compiled here"
    )]
    Untrusted {
        /// The artifact.
        path: String,
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

/// Reads a `.wasm` or `.cwasm` file. Of the latter it finds out too whether it is whole.
///
/// # Errors
/// [`LoadError`]; its text names the file.
pub fn read(path: &Path) -> Result<Bytes, LoadError> {
    let artifact = |source| LoadError::Artifact {
        path: path.display().to_string(),
        source,
    };
    let mut file = File::open(path).map_err(|source| unreadable(path, source))?;
    let taken = artifact::take(&mut file).map_err(|source| unreadable(path, source))?;
    if let Some(compiled) = taken {
        return compiled.map(Bytes::Compiled).map_err(artifact);
    }
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    read.map_err(|source| unreadable(path, source))?;
    Ok(Bytes::Memory(bytes))
}

/// A component that the host runs.
pub struct Loaded {
    /// Compiled, not yet linked.
    pub component: Component,
    /// What it offers.
    pub exports: Exports,
    /// What it is.
    pub digest: ComponentDigest,
    /// What is to be compiled for good, when this is a draft.
    pub draft: Option<Vec<u8>>,
}

/// The digest of what `bytes` holds or was compiled from. None for what is compiled and damaged.
pub fn digest(bytes: &Bytes) -> Option<ComponentDigest> {
    match bytes {
        Bytes::Compiled(compiled) => Some(compiled.source()),
        Bytes::Memory(bytes) if artifact::is_compiled(bytes) => artifact::source(bytes).ok(),
        Bytes::Memory(bytes) => Some(ComponentDigest::of(bytes)),
    }
}

/// Whether the file was compiled before. One that cannot be read was not.
pub fn is_compiled(path: &Path) -> bool {
    let mut begin = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin != *b"\0asm"
}

/// Loads what was read of `name`. Whether it is compiled already, its content says, not its name; what is
/// compiled here is kept in `cache`. What would have to be compiled is a draft where there are `drafts`
/// and they take it.
///
/// # Errors
/// [`LoadError`]; its text names it.
pub fn load(
    engine: &Engine,
    drafts: Option<&Drafts>,
    cache: &Cache,
    name: &str,
    bytes: Bytes,
) -> Result<Loaded, LoadError> {
    let mut draft = None;
    let artifact = |source| LoadError::Artifact {
        path: name.to_owned(),
        source,
    };
    let (component, digest) = match bytes {
        Bytes::Compiled(compiled) => {
            let digest = compiled.source();
            (compiled.load(engine).map_err(artifact)?, digest)
        }
        Bytes::Memory(bytes) if artifact::is_compiled(&bytes) => {
            artifact::open(engine, &bytes).map_err(artifact)?
        }
        Bytes::Memory(bytes) => {
            let digest = ComponentDigest::of(&bytes);
            let component = match cache.load(engine, &digest) {
                Some(component) => component,
                None => match drafts.and_then(|drafts| drafted(drafts, name, &bytes)) {
                    Some(component) => {
                        draft = Some(bytes);
                        component
                    }
                    None => {
                        let compiled = compile_here(engine, name, &bytes)?;
                        cache.keep(engine, &digest, &compiled);
                        compiled
                    }
                },
            };
            (component, digest)
        }
    };
    let exports = check(name, &component)?;
    Ok(Loaded {
        component,
        exports,
        digest,
        draft,
    })
}

/// None for what the engine of drafts does not take, which the other may.
fn drafted(drafts: &Drafts, name: &str, bytes: &[u8]) -> Option<Component> {
    match compile_here(drafts.engine(), name, bytes) {
        Ok(component) => Some(component),
        Err(error) => {
            debug!("compiled for good at once: {error}");
            None
        }
    }
}

/// Reads what is to be compiled.
///
/// # Errors
/// [`LoadError`]; its text names the file.
pub fn source(component: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(component).map_err(|source| unreadable(component, source))
}

/// Whether traps of the component can be told with the lines of its source: its modules have sections for
/// that, unless they were stripped.
pub fn knows_lines(bytes: &[u8]) -> bool {
    const SECTION: &[u8] = b".debug_line";
    bytes.windows(SECTION.len()).any(|window| window == SECTION)
}

/// Compiles what was read of `component`, for [`write`].
///
/// It is checked like at a start, so that an image build fails and not the service.
///
/// # Errors
/// [`LoadError`]; its text names the file.
pub fn compile(engine: &Engine, component: &Path, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    if artifact::is_compiled(bytes) {
        return Err(LoadError::Invalid {
            path: component.display().to_string(),
            reason: "it is compiled already; give the .wasm file".to_owned(),
        });
    }
    let name = component.display().to_string();
    let compiled = compile_here(engine, &name, bytes)?;
    check(&name, &compiled)?;
    let code = compiled
        .serialize()
        .map_err(|error| invalid(&name, &error))?;
    Ok(artifact::seal(code, &ComponentDigest::of(bytes)))
}

#[cfg(feature = "compiler")]
fn compile_here(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Component, LoadError> {
    Component::new(engine, bytes).map_err(|error| invalid(name, &error))
}

#[cfg(not(feature = "compiler"))]
fn compile_here(_: &Engine, name: &str, _: &[u8]) -> Result<Component, LoadError> {
    Err(LoadError::NotCompiled {
        path: name.to_owned(),
    })
}

/// Writes what [`compile`] made.
///
/// # Errors
/// [`LoadError`]; its text names the file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), LoadError> {
    write_whole(path, bytes).map_err(|source| unreadable(path, source))
}

/// When the file was written, in seconds since the epoch. None when the file does not tell: tools
/// that make the same image of the same source put one date on every file, in 1970 or in 1980.
pub fn written_at(path: &Path) -> Option<u64> {
    const NEVER_BEFORE: u64 = 1_000_000_000;
    let modified = std::fs::metadata(path)
        .and_then(|file| file.modified())
        .ok()?;
    let seconds = modified
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?
        .as_secs();
    (seconds > NEVER_BEFORE).then_some(seconds)
}

fn check(name: &str, component: &Component) -> Result<Exports, LoadError> {
    contract::check(component).map_err(|source| LoadError::Refused {
        path: name.to_owned(),
        source,
    })
}

fn unreadable(path: &Path, source: std::io::Error) -> LoadError {
    LoadError::Unreadable {
        path: path.display().to_string(),
        source,
    }
}

fn invalid(name: &str, error: &wasmtime::Error) -> LoadError {
    LoadError::Invalid {
        path: name.to_owned(),
        reason: format!("{error:#}"),
    }
}

/// A reader of `path` sees the old file or the new one, never half of one, also when several
/// processes write it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    std::fs::write(&partial, bytes)?;
    std::fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::knows_lines;

    #[test]
    fn a_component_knows_its_lines_unless_it_was_stripped() {
        let with = |section: &str| {
            let text = format!("(component (core module (@custom \"{section}\" \"\")))");
            wat::parse_str(text).unwrap()
        };
        assert!(knows_lines(&with(".debug_line")));
        assert!(!knows_lines(&with("name")));
    }
}
