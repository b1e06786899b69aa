use std::fmt;
use std::path::PathBuf;

use attache_registry::{Digest, Reference};

use super::artifact::Compiled;
use super::{LoadError, is_compiled, read, written_at};
use crate::registry::Registry;

/// What a reference to a registry begins with.
pub const SCHEME: &str = "oci://";

/// Where a component comes from. Whichever it is, it is loaded, checked and probed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file, which may be in a mounted bucket.
    File(PathBuf),
    /// An artifact in a registry.
    Registry(Reference),
}

/// A component as it is stored.
pub enum Bytes {
    /// A component, or what was compiled from one.
    Memory(Vec<u8>),
    /// What was compiled from one, and is whole.
    Compiled(Compiled),
}

/// What was read there.
pub struct Content {
    /// Where, for errors; of a registry with the digest.
    pub name: String,
    /// What is there.
    pub bytes: Bytes,
    /// When it was written, in seconds since the epoch, where that is known.
    pub written_at: Option<u64>,
    /// The digest of the manifest, of one from a registry.
    pub artifact: Option<Digest>,
}

impl Origin {
    /// Whether the component was compiled before, as far as that can be said without asking a registry.
    pub fn is_compiled(&self) -> bool {
        match self {
            Self::File(path) => is_compiled(path),
            Self::Registry(_) => false,
        }
    }

    /// In a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Registry(_) => "registry",
        }
    }

    /// Reads it. None when it is one of the artifacts that were `seen` before.
    ///
    /// # Errors
    /// [`LoadError`]; its text names the file or the artifact.
    pub async fn read(
        &self,
        registry: &Registry,
        seen: &[Digest],
    ) -> Result<Option<Content>, LoadError> {
        match self {
            Self::File(path) => {
                let (name, path) = (self.to_string(), path.clone());
                let reading = tokio::task::spawn_blocking(move || {
                    let bytes = read(&path)?;
                    let written_at = written_at(&path);
                    Ok::<_, LoadError>((bytes, written_at))
                });
                let failed = |error: tokio::task::JoinError| LoadError::Unreadable {
                    path: name.clone(),
                    source: std::io::Error::other(error),
                };
                let (bytes, written_at) = reading.await.map_err(failed)??;
                Ok(Some(Content {
                    name,
                    bytes,
                    written_at,
                    artifact: None,
                }))
            }
            Self::Registry(reference) => registry.read(reference, seen).await,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Registry(reference) => write!(f, "{SCHEME}{reference}"),
        }
    }
}
