use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tracing::{debug, warn};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{ComponentDigest, artifact, write_whole};

/// Compiled components that are kept; of more, those go that were not used for longest.
const KEPT: usize = 16;

/// Where compiled components are kept from one start to the next, named after their content.
///
/// A file of the cache is native code that the host runs, so the folder has to be the process's own:
/// one that others may write to is not used.
#[derive(Debug, Clone, Default)]
pub struct Cache(Option<PathBuf>);

impl Cache {
    /// The cache in `folder`, which is made when it is missing. Without one, or when it cannot be
    /// used, components are compiled at each start.
    pub fn open(folder: Option<&Path>) -> Self {
        let Some(folder) = folder else {
            return Self(None);
        };
        match own(folder) {
            Ok(()) => Self(Some(folder.to_owned())),
            Err(why) => {
                warn!(
                    "compiled components are not kept in {}: {why}; ATTACHE_CACHE_DIR (--cache-dir) \
                     names another folder, or is off",
                    folder.display()
                );
                Self(None)
            }
        }
    }

    /// The folder, when it can be used.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// What was compiled from the component of this digest, for this engine.
    pub(super) fn load(&self, engine: &Engine, digest: &ComponentDigest) -> Option<Component> {
        let path = self.path(engine, digest)?;
        let mut file = fs::File::open(&path).ok()?;
        match artifact::open_file(engine, &mut file) {
            Ok((component, found)) if found == *digest => {
                // The order in which files go. One that cannot be touched only goes earlier.
                let _ = file.set_modified(SystemTime::now());
                Some(component)
            }
            Ok(_) => None,
            Err(error) => {
                debug!("{} is compiled again: {error}", path.display());
                None
            }
        }
    }

    /// Keeps what was compiled.
    pub(super) fn keep(&self, engine: &Engine, digest: &ComponentDigest, component: &Component) {
        let Some(path) = self.path(engine, digest) else {
            return;
        };
        let kept = component
            .serialize()
            .map_err(io::Error::other)
            .and_then(|code| write_whole(&path, &artifact::seal(code, digest)));
        match kept {
            Ok(()) => self.prune(),
            // A start that takes longer is no reason not to start.
            Err(error) => warn!("{} cannot be written: {error}", path.display()),
        }
    }

    #[cfg(feature = "compiler")]
    fn path(&self, engine: &Engine, digest: &ComponentDigest) -> Option<PathBuf> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let file = format!("{}-{:016x}.cwasm", digest.hex(), hasher.finish());
        Some(self.0.as_ref()?.join(file))
    }

    /// Nothing is compiled here, so nothing is kept.
    #[cfg(not(feature = "compiler"))]
    fn path(&self, _: &Engine, _: &ComponentDigest) -> Option<PathBuf> {
        None
    }

    fn prune(&self) {
        let entries = self.0.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        let mut files: Vec<_> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|e| e == "cwasm"))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        for (_, path) in files.iter().skip(KEPT) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes `folder` if need be, and finds out whether it can hold native code.
fn own(folder: &Path) -> Result<(), String> {
    // What it is in is not its own: most often that is the folder of the task log, which is made at the
    // same time.
    let above = folder.parent().map_or(Ok(()), fs::create_dir_all);
    let own = || DirBuilder::new().recursive(true).mode(0o700).create(folder);
    above
        .and_then(|()| own())
        .map_err(|error| error.to_string())?;
    // Whom new files belong to is whom this process runs as.
    let probe = folder.join(format!(".{}.probe", std::process::id()));
    let owner = fs::write(&probe, []).and_then(|()| probe.metadata());
    let _ = fs::remove_file(&probe);
    let owner = owner.map_err(|error| error.to_string())?.uid();
    let metadata = folder.metadata().map_err(|error| error.to_string())?;
    if metadata.uid() != owner {
        return Err("the folder belongs to another user".to_owned());
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(
            "other users may write to the folder, and so have the host run what they like"
                .to_owned(),
        );
    }
    Ok(())
}
