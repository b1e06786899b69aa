//! What a component is built from, and whether it has changed.
//!
//! The files are looked at, a few times a second: that works on every file system, mounted folders of
//! containers included, and an agent has few of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(200);
/// A folder with more is not one of sources, and is looked at no further.
const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 24;

/// The folders of an agent's own packages.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    folders: Vec<PathBuf>,
    target: PathBuf,
}

/// How the files looked at one time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Look(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Sources {
    pub(super) fn new(folders: impl Iterator<Item = PathBuf>, target: PathBuf) -> Self {
        Self {
            folders: folders.collect(),
            target,
        }
    }

    /// Looks now.
    pub(crate) async fn look(&self) -> Look {
        let sources = self.clone();
        spawn_blocking(move || {
            let mut look = Look::default();
            for folder in &sources.folders {
                sources.visit(folder, &mut look, 0);
            }
            look
        })
        .await
        .unwrap_or_default()
    }

    /// Waits until the files are others than they were, and have come to rest.
    pub(crate) async fn changed(&self, before: &Look) -> Look {
        let mut last = self.look().await;
        loop {
            sleep(PAUSE).await;
            let now = self.look().await;
            if now != *before && now == last {
                return now;
            }
            last = now;
        }
    }

    fn visit(&self, folder: &Path, look: &mut Look, depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            // What begins with a dot is an editor's, or Git's, or the host's data.
            if name.as_encoded_bytes().starts_with(b".") || look.0.len() >= MOST_FILES {
                continue;
            }
            // Without following links, so that none leads round in a circle.
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                let is_source = path != self.target && name != "target" && name != "node_modules";
                if is_source && depth < DEEPEST {
                    self.visit(&path, look, depth + 1);
                }
            } else if let Ok(metadata) = fs::metadata(&path) {
                look.0
                    .insert(path, (metadata.len(), metadata.modified().ok()));
            }
        }
    }
}

impl Look {
    /// A file that is another one than before, for a word to the user.
    pub(crate) fn differs_in<'a>(&'a self, before: &'a Self) -> Option<&'a Path> {
        let changed = self
            .0
            .iter()
            .find(|(path, look)| before.0.get(*path) != Some(look));
        let gone = || {
            before
                .0
                .iter()
                .find(|(path, _)| !self.0.contains_key(*path))
        };
        changed.or_else(gone).map(|(path, _)| path.as_path())
    }
}
