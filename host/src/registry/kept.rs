use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use attache_registry::Kept;
use tracing::debug;

use crate::component::write_whole;

/// Files that are kept: of each artifact a manifest, a component and a signature. Of more, those go that
/// were not used for longest.
const KEPT: usize = 24;
const EXTENSION: &str = "pulled";

/// What registries gave, in the folder of compiled components. Whoever reads it compares its digest, so
/// that it need not be trusted.
pub(super) struct KeptInFolder(PathBuf);

impl KeptInFolder {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.{EXTENSION}"))
    }

    fn prune(&self) {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|found| found == EXTENSION))
            .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        for (_, path) in files.iter().skip(KEPT) {
            let _ = fs::remove_file(path);
        }
    }
}

impl Kept for KeptInFolder {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name);
        let content = fs::read(&path).ok()?;
        // The order in which files go. One that cannot be touched only goes earlier.
        let _ = fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(content)
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        match write_whole(&path, content) {
            Ok(()) => self.prune(),
            // It is pulled again, then.
            Err(error) => debug!("{} cannot be written: {error}", path.display()),
        }
    }
}
